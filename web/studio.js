// @ts-check
// What every part of the page works with: the runs that are followed, the list, the server.

/**
 * @typedef {object} Studio
 * @property {import("./dashboard/data/feed.js").FeedStore} feeds
 * @property {import("./library/run_list.js").RunList} runs
 * @property {(path: string, body?: object) => Promise<any>} request asks a route; a failure is shown
 *   to the user and gives null
 * @property {(run: string, path: string) => string} fileAddress
 * @property {(address: string) => string} address of a route, as an image element needs it
 * @property {(severity: "success" | "info" | "warn" | "error", sentence: string) => void} toast
 * @property {(graph: { prompt?: object, workflow?: object }, name: string,
 *   widgets: Record<string, unknown>) => Promise<void>} openGraph opens a stored graph in a tab of
 *   its own and sets widgets of its Train nodes
 */

export {};
