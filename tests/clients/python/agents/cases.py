"""Runs LangChain, pydantic-ai and the ``llm`` command, and prints one report."""

from tests.clients.python.agents.langchain_cases import langchain_cases
from tests.clients.python.agents.llm_cases import llm_cases
from tests.clients.python.agents.pydantic_ai_cases import pydantic_ai_cases
from tests.clients.python.running import page_cases, print_report, told

if __name__ == "__main__":
    names = told()
    print_report({**langchain_cases(names), **pydantic_ai_cases(names)}, {**llm_cases(names), **page_cases(names)})
