"""Usage exports as providers write them: read whole and exact, or refused with every wrong place named."""

from datetime import date
from pathlib import Path

import pytest

from router_core.cost.bill import BillLine, WrongBillError
from router_core.cost.bill_columns import KNOWN_HEADINGS
from router_core.cost.bill_reading import MOST_BILL_BYTES, read_bill

DAY = date(2026, 11, 24)


def read(text: str) -> list[BillLine]:
    return list(read_bill(text.encode()).lines)


def faults(text: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(WrongBillError) as caught:
        read_bill(text if isinstance(text, bytes) else text.encode())
    return [(each.line, each.column) for each in caught.value.faults]


def test_a_plain_bill_is_read_exactly() -> None:
    (line,) = read("date,model,tokens,cost\n2026-11-24,gpt-4o,1234567,12.345678901\n")
    assert line == BillLine(day=DAY, model="gpt-4o", tokens=1_234_567, cost=12_345_678_901)


def test_openai_counts_cached_tokens_inside_its_input() -> None:
    text = (
        "start_time,start_time_iso,model,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens,batch\n"
        "1795478400,2026-11-24T00:00:00+00:00,gpt-4o-2024-08-06,1000,50,400,600,true\n"
    )
    (line,) = read(text)
    assert (line.day, line.tokens, line.cost, line.batch) == (DAY, 1050, None, True)


def test_openai_s_older_headings_are_known() -> None:
    text = "timestamp,model,n_context_tokens_total,n_generated_tokens_total,n_cached_context_tokens_total\n"
    assert read(text + "1795478400,gpt-4o,70,7,30\n")[0].tokens == 77


def test_anthropic_counts_cached_tokens_beside_its_input() -> None:
    text = (
        "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
        "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens\n"
        "2026-11-24,claude-sonnet-4-5-20250929,1,2,4,8,16\n"
    )
    assert read(text)[0].tokens == 31


def test_openai_s_cache_writes_are_inside_its_input_too() -> None:
    whole = (
        "date,model,input_tokens,output_tokens,input_cached_tokens,input_cache_write_tokens\n2026-11-24,m,100,1,40,20\n"
    )
    parts = whole.replace("input_tokens", "input_uncached_tokens", 1).replace(",100,", ",40,")
    assert (read(whole)[0].tokens, read(parts)[0].tokens) == (101, 101)


def test_openai_s_costs_name_the_model_and_what_of_it_was_paid_for() -> None:
    text = (
        "start_time,start_time_iso,amount_value,amount_currency,line_item\n"
        '1795478400,2026-11-24T00:00:00+00:00,0.25,usd,"gpt-4o-2024-08-06, input"\n'
        '1795478400,2026-11-24T00:00:00+00:00,0.5,usd,"gpt-4o-2024-08-06, cached input"\n'
    )
    assert [(each.model, each.cost) for each in read(text)] == [
        ("gpt-4o-2024-08-06", 250_000_000), ("gpt-4o-2024-08-06", 500_000_000),
    ]  # fmt: skip


def test_anthropic_s_costs_are_a_line_for_each_kind_of_token() -> None:
    text = (
        "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type\n"
        "2026-11-24,Claude Haiku 4.5,Default,k,standard,\u2264 200k,input_no_cache,0.05,0.05,token\n"
        "2026-11-24,Claude Haiku 4.5,Default,k,batch,\u2264 200k,output,0.02,0.02,token\n"
    )
    assert [(each.model, each.cost, each.batch) for each in read(text)] == [
        ("Claude Haiku 4.5", 50_000_000, False), ("Claude Haiku 4.5", 20_000_000, True),
    ]  # fmt: skip


def test_the_guide_lists_every_heading() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
    missing = [name for names in KNOWN_HEADINGS.values() for name in names if f"`{name}`" not in guide]
    assert missing == []


def test_writes_of_all_lifetimes_are_not_counted_twice() -> None:
    text = (
        "date,model,input_tokens,output_tokens,cache_read_input_tokens,cache_creation_input_tokens,"
        "ephemeral_5m_input_tokens,ephemeral_1h_input_tokens\n2026-11-24,claude-haiku-4-5,1,2,4,8,3,5\n"
    )
    assert read(text)[0].tokens == 15


def test_what_is_not_cached_and_what_is_make_the_input() -> None:
    assert read("day,model,uncached_input_tokens,cached_tokens,output_tokens\n2026-11-24,m,1,2,4\n")[0].tokens == 7


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_marks_separators_and_line_ends_make_no_difference(separator: str, mark: bytes, end: str) -> None:
    rows = [("Date", "Model", "Total Tokens", "Cost (USD)"), ("2026-11-24", '"a, b; c"', "5", "$0.25")]
    text = end.join(separator.join(row) for row in rows) + end
    lines = list(read_bill(mark + text.encode()).lines)
    assert lines == [BillLine(day=DAY, model="a, b; c", tokens=5, cost=250_000_000)]


def test_days_are_those_of_utc() -> None:
    assert [each.day for each in read("date,model,cost\n2026-11-24T23:30:00-05:00,m,1\n2026-11-24 23:59,m,1\n")] == [
        date(2026, 11, 25), DAY,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "cell", ["9999-12-31", "0001-01-01", "1969-12-31", "2100-01-01", "0001-01-01T00:00:00+05:00", "99999999999"]
)
def test_a_day_that_nobody_is_billed_for_is_refused(cell: str) -> None:
    assert faults(f"date,model,cost\n{cell},m,1\n") == [(2, "date")]


def test_every_wrong_place_is_named_and_nothing_is_half_read() -> None:
    text = (
        "date,model,input_tokens,output_tokens,cost,currency\n"
        "2026-11-24,gpt-4o,1,2,0.5,usd\n"
        "24/11/2026,gpt-4o,1,2,0.5,usd\n"
        '2026-11-24,,"1,000",-2,"1,234.50",usd\n'
        "2026-11-24,gpt-4o,1,2\n"
        "\n"
        "2026-11-24,gpt-4o,1,2,1_000,eur\n"
    )
    assert faults(text) == [
        (3, "date"), (4, "model"), (4, "input"), (4, "output"), (4, "cost"), (5, ""), (7, "cost"), (7, "currency"),
    ]  # fmt: skip


@pytest.mark.parametrize("cell", ["1.234", "1'000", '"1,000"', "1 000", '"12,345,678"'])
def test_thousands_separators_are_refused_in_so_many_words(cell: str) -> None:
    with pytest.raises(WrongBillError, match="line 2, tokens: has thousands separators"):
        read(f"date,model,tokens\n2026-11-24,m,{cell}\n")


@pytest.mark.parametrize("cell", ["\uff11", "\u0663.\u0665"])
def test_digits_of_other_scripts_are_no_numbers(cell: str) -> None:
    assert faults(f"date,model,tokens,cost\n2026-11-24,m,{cell},{cell}\n") == [(2, "tokens"), (2, "cost")]


@pytest.mark.parametrize("cell", ['"1,5"', "NaN", "1e400", "inf", "", "free", "1.2.3"])
def test_an_amount_that_is_none_is_refused(cell: str) -> None:
    assert faults(f"date,model,cost\n2026-11-24,m,{cell}\n") == [(2, "cost")]


def test_a_credit_is_an_amount_below_zero() -> None:
    assert read("date,model,cost\n2026-11-24,m,-0.5\n")[0].cost == -500_000_000


def test_a_cell_with_line_breaks_counts_them() -> None:
    text = 'date,model,note,cost\n2026-11-24,m,"a\nb\nc",1\n2026-11-24,m,x,y\n'
    assert faults(text) == [(5, "cost")]


def test_missing_and_double_headings_are_named() -> None:
    assert faults("when,what,tokens\n1,2,3\n") == [(1, "date"), (1, "model")]
    assert faults("date,model,requests\n2026-11-24,m,3\n") == [(1, "tokens")]
    assert faults("date,model,cost,cost\n2026-11-24,m,3,4\n") == [(1, "cost")]
    assert faults("date,model,input_tokens,cost\n2026-11-24,m,3,4\n") == [(1, "output")]
    assert faults("date,model,output_tokens\n2026-11-24,m,3\n") == [(1, "input")]


def test_days_without_any_use_are_passed_over() -> None:
    assert len(read("date,model,input_tokens,output_tokens\n2026-11-23,,,\n2026-11-24,m,1,0\n")) == 1


@pytest.mark.parametrize("data", [b"", b"\n\n", b"date,model,cost\n", b"date,model,cost\n2026-11-24,m,\xff\n"])
def test_what_is_no_bill_at_all_is_refused(data: bytes) -> None:
    assert len(faults(data)) == 1


def test_quotes_that_do_not_match_and_files_that_are_too_large_are_refused() -> None:
    assert faults('date,model,cost\n2026-11-24,"m,1\n') == [(2, "")]
    assert faults(b"x" * (MOST_BILL_BYTES + 1)) == [(1, "")]


def test_a_refusal_never_quotes_the_file() -> None:
    with pytest.raises(WrongBillError) as caught:
        read("date,model,cost\nsk-proj-secretsecretsecret,m,sk-proj-secretsecretsecret\n")
    assert "secret" not in caught.value.message + str(caught.value.context)
