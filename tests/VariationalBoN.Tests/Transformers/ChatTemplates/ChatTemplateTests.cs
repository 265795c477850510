using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;
using static VariationalBoN.Tests.Transformers.ChatTemplates.MessageInputs;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

[Trait("Tier", "fast")]
public sealed class ChatTemplateTests
{
    [Fact]
    public void A_function_is_a_template_with_marks_bounds_and_prefills()
    {
        var template = ChatTemplate.FromFunction(
            "mine 1",
            (input, writer) =>
            {
                foreach (var message in input.Messages)
                    writer
                        .Write("<")
                        .WriteData((string?)message!["role"])
                        .Write(">")
                        .WriteData((string?)message["content"], generated: (string?)message["role"] == "assistant");
                writer.Write("</>");
            },
            new ChatTemplateBounds { MaxTextLength = 40 }
        );

        RenderedChat chat = template.RenderMarked(Of(("user", "q"), ("assistant", "a")));

        Assert.Equal("<user>q<assistant>a</>", chat.Text);
        Assert.Equal(["user", "q", "assistant", "a"], chat.DataRanges.Select(range => chat.Text.Substring(range.Start, range.Length)));
        Assert.Equal("a", chat.Text.Substring(Assert.Single(chat.GenerationRanges).Start, 1));
        Assert.Equal("<user>q<assistant>a", template.Render(Of(("user", "q"), ("assistant", "a")) with { ContinueFinalMessage = true }));
        Assert.Contains(
            "mine 1",
            Assert.Throws<ChatTemplateException>(() => template.Render(Of(("user", new string('x', 50))))).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(ChatTemplate.Parse("mine 1").Digest, template.Digest);
    }

    [Fact]
    public void The_digest_is_the_SHA_256_of_the_source() =>
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", ChatTemplate.Parse("abc").Digest);

    [Fact]
    public void A_fault_of_syntax_names_template_and_line()
    {
        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("a\nb\n{{ 1 + }}", "mine"));

        Assert.Equal(("mine", 3), (error.TemplateName, error.Line));
        Assert.Contains("mine, line 3", error.Message, StringComparison.Ordinal);
        Assert.Null(error.MessageIndex);
    }

    [Fact]
    public void A_fault_in_a_loop_over_messages_names_the_message()
    {
        ChatTemplateException error = Refused(
            "{% for m in messages[1:] %}\n{{ m.content.nothing.more }}{% endfor %}",
            Of(("system", "a"), ("user", "b"))
        );

        Assert.Equal((2, 1, "user"), (error.Line, error.MessageIndex, error.MessageRole));
        Assert.Contains("message 1 (role 'user')", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_after_the_loop_names_no_message()
    {
        ChatTemplateException error = Refused("{% for m in messages %}{{ m.role }}{% endfor %}{{ nothing.more }}", Of(("user", "b")));

        Assert.Null(error.MessageIndex);
        Assert.Null(error.MessageRole);
    }

    [Fact]
    public void The_line_of_a_fault_is_that_of_the_caller_once_a_macro_has_returned()
    {
        ChatTemplateException error = Refused("{% macro f() %}\n\n{{ 'x' }}\n{% endmacro %}\n{{ f() + none }}");

        Assert.Equal(5, error.Line);
    }

    [Fact]
    public void What_the_template_raises_reaches_the_caller()
    {
        ChatTemplateException error = Refused(
            "{% for m in messages %}{{ raise_exception('no role ' ~ m.role) }}{% endfor %}",
            Of(("critic", "b"))
        );

        Assert.Equal(("no role critic", 0, "critic"), (error.RaisedMessage, error.MessageIndex, error.MessageRole));
        Assert.Contains("no role critic", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_date_must_be_given()
    {
        ChatTemplateInput input = Of();
        ChatTemplateException error = Refused("{{ strftime_now('%Y') }}", input);

        Assert.Contains("strftime_now", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ChatTemplateInput.Date), error.Message, StringComparison.Ordinal);
        Assert.Equal("1999", Render("{{ strftime_now('%Y') }}", input with { Date = new DateTime(1999, 12, 31) }));
    }

    [Theory]
    [InlineData(
        "%e|%U|%W|%V|%G|%w|%u|%C|%h|%D|%F|%T|%R|%n|%t|%f|%-H",
        " 5|10|09|09|2023|0|7|20|Mar|03/05/23|2023-03-05|04:07:09|04:07|\n|\t|001000|4"
    )]
    [InlineData("%c|%x|%X|%I %p|%-I|%", "Sun Mar  5 04:07:09 2023|03/05/23|04:07:09|04 AM|4|%")]
    public void Dates_are_written_as_strftime_does(string format, string expected)
    {
        ChatTemplateInput input = Of() with
        {
            Date = new DateTime(2023, 3, 5, 4, 7, 9, 1),
            Variables = new JsonObject { ["f"] = format },
        };

        Assert.Equal(expected, Render("{{ strftime_now(f) }}", input));
    }

    [Fact]
    public void Variables_and_special_tokens_are_names_and_a_variable_wins()
    {
        ChatTemplateInput input = Of() with
        {
            Variables = new JsonObject { ["thinking"] = false, ["eos_token"] = "<mine>" },
            SpecialTokens = new Dictionary<string, string?>
            {
                ["bos_token"] = "<s>",
                ["eos_token"] = "</s>",
                ["pad_token"] = null,
            },
        };

        Assert.Equal("<s><mine>NoneFalse", Render("{{ bos_token ~ eos_token ~ pad_token ~ thinking }}", input));
    }

    [Theory]
    [InlineData("messages")]
    [InlineData("tools")]
    [InlineData("documents")]
    [InlineData("add_generation_prompt")]
    public void A_variable_of_a_name_that_has_its_own_property_is_refused(string name)
    {
        var error = Assert.Throws<ArgumentException>(() => Render("x", Of() with { Variables = new JsonObject { [name] = 1 } }));

        Assert.Contains($"'{name}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_of_JSON_and_of_NET_keep_their_kind()
    {
        var variables = JsonNode.Parse("""{"a": 1.0, "b": 123456789012345678901234567890, "c": 1e2, "d": -0.0}""")!.AsObject();
        variables["e"] = 2.0;
        variables["f"] = 3;
        variables["g"] = JsonSerializer.SerializeToNode(4L);

        Assert.Equal(
            "1.0 123456789012345678901234567890 100.0 -0.0 2.0 3 4",
            Render("{{ [a, b, c, d, e, f, g] | join(' ') }}", Of() with { Variables = variables })
        );
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_refused_by_its_place()
    {
        var messages = JsonNode.Parse("""[{"role": "user", "content": "\ud83d"}]""")!.AsArray();
        var error = Assert.Throws<ArgumentException>(() => Render("x", new ChatTemplateInput { Messages = messages }));

        Assert.Contains("messages[0].content", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_cannot_change_what_it_is_given()
    {
        ChatTemplateInput input = Of(("user", "a"));
        string before = input.Messages.ToJsonString();

        Assert.Contains("unsafe", Refused("{{ messages.append(1) }}", input).Message, StringComparison.Ordinal);
        Assert.Contains("unsafe", Refused("{{ messages[0].update({'role': 'x'}) }}", input).Message, StringComparison.Ordinal);
        Refused("{% set messages[0].role = 'x' %}", input);
        Assert.Equal(before, input.Messages.ToJsonString());
    }

    [Fact]
    public void One_template_renders_in_many_threads_at_once()
    {
        var template = ChatTemplate.Parse(GoldenChat.Templates["qwen3-thinking"].Source);
        JsonObject[] cases =
        [
            .. GoldenChat.Cases.Where(one => (string)one["template"]! == "qwen3-thinking" && one["expected"] is not null),
        ];
        (string Expected, ChatTemplateInput[] Inputs)[] jobs = [.. cases.Select(one => ((string)one["expected"]!, Copies(one)))];
        var wrong = new System.Collections.Concurrent.ConcurrentBag<string>();

        Parallel.For(
            0,
            20,
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            round =>
            {
                foreach ((string expected, ChatTemplateInput[] inputs) in jobs)
                {
                    string text = template.Render(inputs[round]);
                    if (text != expected)
                        wrong.Add(text);
                }
            }
        );

        Assert.NotEmpty(jobs);
        Assert.Empty(wrong);
    }

    private static ChatTemplateInput[] Copies(JsonObject one) =>
        [.. Enumerable.Range(0, 20).Select(_ => GoldenChat.Input(one["kwargs"]!.AsObject()))];
}
