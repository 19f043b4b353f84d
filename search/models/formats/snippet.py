"""Five lines of Python that load an exported model and classify an image, for its card."""

from __future__ import annotations

from search.models.description import ModelDescription

NEEDS = {
    "onnx": "onnxruntime, numpy and Pillow alone",
    "torchscript": "torch, numpy and Pillow alone",
    "torch-export": "torch, numpy and Pillow alone",
    "safetensors": "this project installed",
}


def loading_lines(format_name: str, description: ModelDescription, file: str) -> list[str]:
    """For a model in the current folder and an image beside it, `image.jpg`; `description` is the exported one."""
    image = _image(description)
    tensor = "torch.from_numpy(numpy.array(image)).permute(2, 0, 1)[None]"
    if format_name == "onnx":
        return [
            "import json, numpy, onnxruntime, PIL.Image, PIL.ImageOps",
            f"model = onnxruntime.InferenceSession({file!r})",
            f"image = {image}",
            'probabilities = model.run(None, {"pictures": numpy.asarray(image).transpose(2, 0, 1)[None]})[0]',
            'print(json.loads(model.get_modelmeta().custom_metadata_map["classes"])[probabilities.argmax()])',
        ]
    if format_name == "safetensors":
        return [
            "import numpy, pathlib, torch, PIL.Image, PIL.ImageOps",
            "from search.models.folder import load_model",
            "network, description = load_model(pathlib.Path('.'))",
            f"image = {image}",
            f"print(description.classes[network({tensor} / 255).argmax()])",
        ]
    load = {
        "torchscript": f"torch.jit.load({file!r}, _extra_files=extra)",
        "torch-export": f"torch.export.load({file!r}, extra_files=extra).module()",
    }[format_name]
    return [
        "import json, numpy, torch, PIL.Image, PIL.ImageOps",
        f'extra = {{"description.json": ""}}; model = {load}',
        f"image = {image}",
        f"probabilities = model({tensor})",
        'print(json.loads(extra["description.json"])["classes"][probabilities.argmax()])',
    ]


def _image(description: ModelDescription) -> str:
    size = description.input.image_size
    upright = 'PIL.ImageOps.exif_transpose(PIL.Image.open("image.jpg")).convert("RGB")'
    if description.input.fit == "crop":
        return f"PIL.ImageOps.fit({upright}, ({size}, {size}), PIL.Image.Resampling.BILINEAR)"
    return f"{upright}.resize(({size}, {size}), PIL.Image.Resampling.BILINEAR)"
