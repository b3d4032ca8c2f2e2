// ComfyUI serves these two modules beside the pack's files; their types come from the package
// @comfyorg/comfyui-frontend-types, which is for development only.
declare module "*/scripts/app.js" {
  export const app: import("@comfyorg/comfyui-frontend-types").ComfyApp;
}
declare module "*/scripts/api.js" {
  export const api: import("@comfyorg/comfyui-frontend-types").ComfyApi;
}
