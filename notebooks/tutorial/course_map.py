"""Shows the course as a map, and where a learner is on it."""

from tutorial import course
from tutorial.progress import finished, next_step
from tutorial.show import display_as
from tutorial.workspace import location


def course_map() -> None:
    """Show the course as a table: what is finished or next, links, minutes, and their sums."""
    done = finished(location())
    marks = {next_step(done): "→ next"} | dict.fromkeys(done, "✓ finished")
    lines = ["| State | Notebook | What you'll do | Minutes |", "| :-: | :-- | :-- | --: |"]
    for part in dict.fromkeys(map(course.part, course.numbers())):
        of_part = [number for number in course.numbers() if course.part(number) == part]
        lines.append(f"| | **{part}** | | **{sum(map(course.minutes, of_part))}** |")
        for number in of_part:
            what = course.what_you_do(number).replace("|", "\\|")
            mark, time = marks.get(number, ""), course.minutes(number)
            lines.append(f"| {mark} | {course.link(number)} | {what} | {time} |")
    display_as("markdown", "\n".join(lines))


def show_progress() -> None:
    """Show which notebooks are finished in this workspace, and a link to the one that is next."""
    all_done = finished(location())
    steps = course.steps()
    done = [step for step in steps if step in all_done]
    others = sorted(all_done - set(steps))
    if done == steps:
        more = f" and {_named('notebook', others)}" if others else ""
        text = f"You have finished all {len(steps)} steps{more}."
    elif done:
        text = f"You have finished {_named('step', done)}."
    else:
        text = "You have not finished a step yet."
    if (coming := next_step(all_done)) is not None:
        text += f" Next: {course.link(coming)}, {course.minutes(coming)} minutes."
    display_as("markdown", text)


def _named(what: str, numbers: list[int]) -> str:
    """Return, for example, "steps 1, 2 and 5"."""
    listed = " and ".join(", ".join(map(str, numbers)).rsplit(", ", 1))
    return f"{what}{'s' if len(numbers) > 1 else ''} {listed}"
