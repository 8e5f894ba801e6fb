"""An endpoint that takes and answers a task, without a database: what FastAPI alone can do."""

from fastapi import FastAPI
from pydantic import BaseModel


class TaskCreate(BaseModel):
    """What a client sends."""

    task_name: str
    task_description: str | None = None


class Task(TaskCreate):
    """What the endpoint answers."""

    id: int


app = FastAPI()


@app.post("/def/", response_model=Task)
def create_task(task: TaskCreate) -> Task:
    """Answer from a thread, as the sync version does."""
    return Task(**task.model_dump(), id=1)


@app.post("/async/", response_model=Task)
async def create_task_async(task: TaskCreate) -> Task:
    """Answer from the event loop, as the async version does."""
    return Task(**task.model_dump(), id=1)
