"""Make the model files of `art_mcp.vision`: train the bridge's two heads, export, write checksums.

    python scripts/train_bridge.py --parts PARTS [--heads PARTS/bridge_mnv2.npz] [--output FOLDER]

PARTS holds `mnv2.onnx` (MobileNetV2 without its classifier), `tokenizer.json` (all-MiniLM-L6-v2),
`caption_pairs_features.npz` (`features` (photographs, 1280), `names`) and `caption_pairs.csv` (`image`,
`caption`). With --heads nothing is trained and the given heads are exported. Needs the `train` group of
pyproject.toml; the product itself needs neither torch nor onnx.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

try:
    import onnx
    import torch
    from onnx import TensorProto, compose, helper, numpy_helper, parser
    from torch import nn
    from torch.nn import functional
except ModuleNotFoundError as error:
    print(f"{error.name} is not installed; this script needs the `train` group of pyproject.toml.", file=sys.stderr)
    sys.exit(2)

from art_mcp.vision.sentence import PACKAGE, SentenceNetwork, installed_model
from art_mcp.vision.weights import MODELS

WIDTH, HIDDEN = 256, 512
EPOCHS, BATCH, RATE, DECAY = 12, 512, 1e-3, 0.1
SMOOTHING, DROPOUT, NOISE = 0.1, 0.5, 0.3
IMAGE_INPUT_DROPOUT, TEXT_INPUT_DROPOUT = 0.5, 0.2
HELD_OUT = 1000
SPLIT_SEED = 0


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
        self.image, self.text = Head(1280, IMAGE_INPUT_DROPOUT), Head(384, TEXT_INPUT_DROPOUT)
        self.register_buffer("mean", torch.zeros(1280))
        self.register_buffer("deviation", torch.ones(1280))
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
    """Photographs (features (n, 1280)), sentences (m, 384), and for each sentence its photograph's row."""

    def __init__(self, parts: Path, sentences: SentenceNetwork) -> None:
        with np.load(parts / "caption_pairs_features.npz") as file:
            self.features = torch.from_numpy(file["features"].astype(np.float32))
            row_of = {name: row for row, name in enumerate(file["names"].tolist())}
        with open(parts / "caption_pairs.csv", encoding="utf-8", newline="") as file:
            captions = [(row["image"], row["caption"]) for row in csv.DictReader(file)]
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


def given(path: Path) -> Bridge:
    """Heads that were trained before, as a NumPy archive."""
    bridge = Bridge()
    names = {"w1": "hidden.weight", "b1": "hidden.bias", "w2": "out.weight", "b2": "out.bias"}
    names |= {"ws": "skip.weight", "bs": "skip.bias"}
    with np.load(path) as file:
        arrays = {name: torch.from_numpy(file[name].astype(np.float32)) for name in file}
    for short, head in (("img", bridge.image), ("txt", bridge.text)):
        head.load_state_dict({name: arrays[f"{short}_{key}"] for key, name in names.items()})
    bridge.mean, bridge.deviation = arrays["mu"], arrays["sd"]
    bridge.text_scale = torch.tensor(1.0)
    bridge.eval()
    return bridge


# Export --------------------------------------------------------------------------------------------------

# Opset 17 and IR 8, which every ONNX Runtime since 1.12 reads. Weights are stored as float16 and become
# float32 once, when the session starts: half the size, no change in the ranks. (MobileNetV2 in int8 is not
# worth it: see the model card.)
HEADER = '<ir_version: 8, opset_import: ["" : 17]>'

PREPARE = """
prepare (uint8[n, 224, 224, 3] image) => (float[n, 3, 224, 224] x)
<float[3, 1, 1] scale, float[3, 1, 1] shift> {
    numbers = Cast<to = 1>(image)
    planes = Transpose<perm = [0, 3, 1, 2]>(numbers)
    scaled = Mul(planes, scale)
    x = Add(scaled, shift)
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
image_head (float[n, 1280] feat) => (float[n, 256] pixels, float[n, 1280] look) {{
    look = LpNormalization<axis = -1, p = 2>(feat)
    centred = Sub(feat, mean)
    standard = Div(centred, deviation)
{HEAD}}}"""

TEXT_HEAD = f"""
text_head (float[n, 384] words) => (float[n, 256] pixels) {{
    standard = Mul(words, scale)
{HEAD}}}"""

MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
"""ImageNet's, of RGB from 0 to 1."""


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


def export(bridge: Bridge, parts: Path, folder: Path) -> None:
    """Write image.onnx, text.onnx and manifest.json into the folder, which holds tokenizer.json."""
    prepare = graph(PREPARE, scale=(1 / 255 / DEVIATION)[:, None, None], shift=(-MEAN / DEVIATION)[:, None, None])
    mean, deviation = bridge.mean.numpy(), bridge.deviation.numpy()
    image_head = graph(IMAGE_HEAD, mean=mean, deviation=deviation, **head_weights(bridge.image))
    backbone = onnx.load(parts / "mnv2.onnx")
    image = compose.merge_models(prepare, backbone, [("x", "x")], prefix2="mobilenetv2_")
    image_head = compose.add_prefix(image_head, "head_", rename_outputs=False)
    image = compose.merge_models(image, image_head, [("mobilenetv2_feat", "head_feat")])
    text = graph(TEXT_HEAD, scale=bridge.text_scale.numpy(), **head_weights(bridge.text))
    for model, name in ((image, "image.onnx"), (text, "text.onnx")):
        store_as_float16(model)
        onnx.checker.check_model(model, full_check=True)
        (folder / name).write_bytes(model.SerializeToString(deterministic=True))
    write_manifest(folder)


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
    arguments.add_argument("--heads", type=Path, help="export these heads and train none")
    arguments.add_argument("--output", type=Path, default=MODELS)
    arguments.add_argument("--seed", type=int, default=0)
    options = arguments.parse_args()
    torch.set_num_threads(2)  # the sums' order, and so the last digits, depend on it
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)  # so that the output changes only when all is done
        shutil.copy(options.parts / "tokenizer.json", folder)
        write_manifest(folder)
        if options.heads:
            bridge = given(options.heads)
        else:
            bridge = train_and_score(Pairs(options.parts, SentenceNetwork(folder)), options.seed)
        export(bridge, options.parts, folder)
        options.output.mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            (options.output / file.name).write_bytes(file.read_bytes())


if __name__ == "__main__":
    main()
