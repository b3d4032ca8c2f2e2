"""The weights of a MODEL that ComfyUI has loaded, lent to the trainer one at a time.

Nothing of the MODEL is changed: no hook, no wrapper, no flag, no copy of the base weights. Each
request goes through ComfyUI's own cast, so weights that ComfyUI keeps in fp8, streams from main
memory or patches on the fly arrive the way its own forward pass would see them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import comfy.model_management
import comfy.ops
import torch

from ....trainer.errors import ModelMismatchError
from ....trainer.model.streaming.stored import StoredWeight
from .stored_weights import scales_of, stored_weight, to_dense


class ComfyWeightSource:
    """A `WeightSource` over the diffusion model inside a ComfyUI MODEL.

    A matrix handed out is valid until the next request: it may lie in a buffer that ComfyUI
    fills again. Vectors (biases, norm scales; about 13 MB in fp32 for the 13B model) are copied
    when first asked for and kept, because ComfyUI casts a layer as a whole: each request for the
    bias of a streamed layer would stream its weight as well. Names are those of ComfyUI's
    HunyuanVideo module, with the query and key norm scales always called `....query_norm.scale`
    (0.3.75 says `scale`, later versions `weight`).
    """

    def __init__(self, diffusion_model: torch.nn.Module) -> None:
        self._owners: dict[str, tuple[torch.nn.Module, str]] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        for module_name, module in diffusion_model.named_modules():
            for kind, parameter in module.named_parameters(recurse=False):
                if hasattr(module, "weight_function") and kind not in ("weight", "bias"):
                    # Scales of quantized layers are part of the weight that is lent.
                    continue
                name = canonical_name(f"{module_name}.{kind}" if module_name else kind)
                self._owners[name] = (module, kind)
                shapes[name] = _logical_shape(module, kind, parameter)
        self.shapes: Mapping[str, tuple[int, ...]] = shapes
        self._lent: tuple[torch.nn.Module, object, object, object] | None = None
        self._vectors: dict[tuple[str, torch.dtype, torch.device], torch.Tensor] = {}

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        """One parameter in `dtype` on `device`; a matrix is valid until the next request.

        Raises:
            ModelMismatchError: The model has no parameter of that name.
        """
        self._check_known(name)
        if len(self.shapes[name]) == 1:
            return self._vector(name, dtype, device)
        return self._lend(name, dtype, device)

    def stored(self, name: str) -> StoredWeight | None:
        """How a matrix lies in main memory, or None where only `weight` can hand it out.

        Raises:
            ModelMismatchError: The model has no parameter of that name.
        """
        self._check_known(name)
        return stored_weight(*self._owners[name])

    def release(self) -> None:
        """Tell ComfyUI that the last weight handed out is no longer needed."""
        if self._lent is not None:
            lent, self._lent = self._lent, None
            comfy.ops.uncast_bias_weight(*lent)

    def _check_known(self, name: str) -> None:
        if name not in self.shapes:
            raise ModelMismatchError(
                f"The model has no weight '{name}', which a HunyuanVideo model has. "
                "Connect a HunyuanVideo text-to-video model to 'model'."
            )

    def _vector(self, name: str, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        key = (name, dtype, device)
        if key not in self._vectors:
            lent = self._lend(name, dtype, device)
            # A copy made in inference mode could not take part in training later.
            with torch.inference_mode(False):
                self._vectors[key] = lent.clone()
            self.release()
        return self._vectors[key]

    def _lend(self, name: str, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        self.release()
        module, kind = self._owners[name]
        # As in ComfyUI's forward pass: patches and loaders' casts may write to tensors made in
        # inference mode, which is refused outside of it.
        with torch.inference_mode():
            if hasattr(module, "weight_function"):
                found = self._cast(module, kind, dtype, device)
            else:
                # Plain parameters (norm scales of some versions) take no part in ComfyUI's casts.
                found = getattr(module, kind).to(device=device, dtype=dtype)
            # GGUF loaders use a tensor class whose `detach` and `clone` return the tensor itself.
            return found.as_subclass(torch.Tensor).detach()

    def _cast(
        self, module: torch.nn.Module, kind: str, dtype: torch.dtype, device: torch.device
    ) -> torch.Tensor:
        if hasattr(module, "forward_ggml_cast_weights") and module.is_ggml_quantized():
            # The GGUF loader's modules bring their own cast, which also dequantizes.
            weight, bias = module.cast_bias_weight(dtype=dtype, device=device, bias_dtype=dtype)
            return weight if kind == "weight" else bias
        if kind == "bias" and not module.bias_function and not hasattr(module, "_v"):
            # Casting both would stream the large weight once more for the sake of the bias.
            return comfy.model_management.cast_to(module.bias, dtype, device)
        weight, bias, stream = comfy.ops.cast_bias_weight(
            module, dtype=dtype, device=device, bias_dtype=dtype, offloadable=True
        )
        self._lent = (module, weight, bias, stream)
        if kind == "bias":
            return bias
        return to_dense(weight, scales_of(module), dtype)


def canonical_name(name: str) -> str:
    """The name under which a parameter is known to the trainer, whatever the ComfyUI version."""
    for norm in ("query_norm", "key_norm"):
        if name.endswith(f".{norm}.weight"):
            return name[: -len("weight")] + "scale"
    return name


@contextlib.contextmanager
def borrow_model(model: object, activation_bytes: int) -> Iterator[ComfyWeightSource]:
    """Load a MODEL through ComfyUI's memory management and lend its weights.

    Args:
        model: ComfyUI's MODEL (a ModelPatcher). It is read only.
        activation_bytes: Device memory to leave free for the training step, in bytes; ComfyUI
            keeps what does not fit beside it in main memory and streams it.

    Raises:
        ModelMismatchError: The MODEL holds no diffusion model with named weights.
    """
    diffusion_model = getattr(getattr(model, "model", None), "diffusion_model", None)
    if diffusion_model is None:
        raise ModelMismatchError(
            "What is connected to 'model' holds no diffusion model. "
            "Connect the MODEL output of a HunyuanVideo loader."
        )
    # Loaded as a prompt loads it: ComfyUI cannot unload quantized weights moved in another mode.
    with torch.inference_mode():
        comfy.model_management.load_models_gpu(
            [model], memory_required=activation_bytes, minimum_memory_required=activation_bytes
        )
    source = ComfyWeightSource(diffusion_model)
    try:
        yield source
    finally:
        source.release()


def latent_scale(model: object) -> float:
    """Factor from a VAE's raw latents to the model's latents (HunyuanVideo: 0.476986)."""
    probe = torch.ones(1, 1, 1, 1, 1)
    return float(model.model.process_latent_in(probe).flatten()[0])


def training_device(model: object) -> torch.device:
    """The device on which ComfyUI computes this model."""
    return torch.device(model.load_device)


def _logical_shape(module: torch.nn.Module, kind: str, parameter: torch.Tensor) -> tuple[int, ...]:
    # Packed formats (4 bits in a byte) store fewer numbers than the layer has.
    if kind == "weight" and hasattr(module, "in_features") and parameter.ndim == 2:
        return (int(module.out_features), int(module.in_features))
    return tuple(int(size) for size in parameter.shape)
