using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;
using static VariationalBoN.Tests.Transformers.ChatTemplates.MessageInputs;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>Which characters come from the input: brackets stand around them.</summary>
[Trait("Tier", "fast")]
public sealed class MarksTests
{
    private const string Token = "<|im_end|>";
    private const string Always = "harmony-types-loop-in-filter"; // always an error

    public static TheoryData<string> Families =>
        [.. GoldenChat.Templates.Keys.Where(name => GoldenChat.Templates[name].Group == "family" && name != Always)];

    [Theory]
    [InlineData("{{ c }}x", "[ab😀 <c>]x")]
    [InlineData("{{ c ~ 'x' + c }}", "[ab😀 <c>]x[ab😀 <c>]")]
    [InlineData("{{ c * 2 }}", "[ab😀 <c>ab😀 <c>]")]
    [InlineData("{{ c | upper }}{{ c.upper() }}", "[AB😀 <C>AB😀 <C>]")]
    [InlineData("{{ 'x' ~ c | title }}{{ ('x' ~ c).capitalize() }}", "x[Ab😀 <C>]X[ab😀 <c>]")]
    [InlineData("{{ c | trim('a') }}{{ c.strip('>') }}", "[b😀 <c>ab😀 <c]")]
    [InlineData("{{ c[1:3] ~ 'x' ~ c[0] ~ c[::-1] }}", "[b😀]x[a>c< 😀ba]")]
    [InlineData("{{ c | replace('b', 'xy') }}{{ 'b-b'.replace('b', c) }}", "[a]xy[😀 <c>ab😀 <c>]-[ab😀 <c>]")]
    [InlineData("{{ c.split('b') }}{{ c.split()[1] ~ c.splitlines()[0] }}", "['[a]', '[😀 <c>]'][<c>ab😀 <c>]")]
    [InlineData("{{ [c, 'x'] | join('-') }}{{ c.join(['x', 'y']) }}", "[ab😀 <c>]-xx[ab😀 <c>]y")]
    [InlineData("{{ c | tojson }}{{ [c] | tojson(ensure_ascii=true) }}", "\"[ab😀 <c>]\"[\"[ab\\ud83d\\ude00 <c>]\"]")]
    [InlineData("{{ {'k': c} }}{{ [c] | string }}", "{'k': '[ab😀 <c>]'}['[ab😀 <c>]']")]
    [InlineData("{{ c | e }}{{ ('<' | safe) ~ '/' + c | e | string }}", "[ab😀 &lt;c&gt;]&lt;/[ab😀 &lt;c&gt;]")]
    [InlineData("{{ c | indent(2, true) }}{{ 'a\nb' | indent(c) }}", "  [ab😀 <c>]a\n[ab😀 <c>]b")]
    [InlineData("{{ c | center(11) }}{{ c.ljust(9, 'x') }}{{ c.rjust(9, c[0]) }}", "  [ab😀 <c>]  [ab😀 <c>]xx[aaab😀 <c>]")]
    [InlineData("{{ c | first ~ c | last ~ c | reverse }}{{ c | list | sort | join }}", "[a>>c< 😀ba <>abc😀]")]
    [InlineData("{{ c | truncate(3, true, '..', 0) }}{{ c | default('x') }}", "[a]..[ab😀 <c>]")]
    [InlineData("{{ '%s-%5s' % (c, c[0]) }}{{ '{}!{0}'.replace('{0}', c) }}", "[ab😀 <c>]-    [a]{}![ab😀 <c>]")]
    [InlineData("{{ 'x{}y{}'.format(c, 1) }}{{ c.partition('b')[2] }}", "x[ab😀 <c>]y1[😀 <c>]")]
    [InlineData("{{ c | length }}{{ c == c }}{{ 'a' in c }}{{ c.find('b') }}{{ c is string }}{{ c.count('a') }}", "7TrueTrue1True1")]
    [InlineData(
        "{{ n }}{{ n + 1 }}{{ [n, t, z] }}{{ f | round }}{{ (n | string) | int }}{{ z }}{{ t | tojson }}",
        "[78][[7], [True], [None]][2.07Nonetrue]"
    )]
    [InlineData("{% set x %}y{{ c }}{% endset %}{{ x | upper }}", "Y[AB😀 <C>]")]
    [InlineData("{% macro m(a) %}({{ a }}){% endmacro %}{{ m(c) | replace('(', c[0]) }}", "[aab😀 <c>])")]
    [InlineData(
        "{% macro m() %}({{ caller() }}){% endmacro %}{% filter upper %}x{{ c }}{% endfilter %}{% call m() %}{{ c }}{% endcall %}",
        "X[AB😀 <C>]([ab😀 <c>])"
    )]
    [InlineData("{{ {'ab': 'model'}.get(c[:2], c) }}{{ {}.get(c, c) }}", "model[ab😀 <c>]")]
    [InlineData(
        "{{ d }}{{ d.keys() | list }}{% for k, v in d.items() %}{{ k ~ '=' ~ v }}{% endfor %}{{ d | dictsort }}",
        "{'[k]': '[v]'}['[k]'][k]=[v][('[k]', '[v]')]"
    )]
    [InlineData("{{ c | urlencode }}{{ c | map('upper') | join }}{{ c.swapcase().lower() }}", "[ab%F0%9F%98%80%20%3Cc%3EAB😀 <C>ab😀 <c>]")]
    [InlineData("{{ dict(**d) }}{{ namespace(**d) }}{{ dict(d, x=1) }}", "{'[k]': '[v]'}<Namespace {'[k]': '[v]'}>{'[k]': '[v]', 'x': 1}")]
    [InlineData("{% macro m() %}{{ kwargs }}{% endmacro %}{{ m(**d) }}{{ m(k=c[0]) }}", "{'[k]': '[v]'}{'k': '[a]'}")]
    [InlineData(
        "{{ [1] | tojson(indent=c[0]) }}{{ [1, 2] | tojson(separators=(c[0], ':')) }}{{ strftime_now('%Y' ~ c[0]) }}",
        "[\n[a]1\n][1[a]2][2026a]"
    )]
    [InlineData("{{ b }}{{ b ~ c }}{{ strftime_now('%Y') }}", "<s><s>[ab😀 <c>]2026")]
    public void A_character_keeps_its_origin_through_filters_and_methods(string template, string expected) =>
        Assert.Equal(expected, Bracketed(ChatTemplate.Parse(template).RenderMarked(Input())));

    [Theory]
    [MemberData(nameof(Families))]
    public void A_special_token_that_a_conversation_spells_is_marked_in_every_field_of_every_family(string family)
    {
        var template = ChatTemplate.Parse(GoldenChat.Templates[family].Source);
        int seen = 0;
        foreach (JsonObject one in GoldenChat.Cases.Where(one => (string)one["template"]! == family))
        {
            JsonObject variables = one["kwargs"]!.DeepClone().AsObject();
            foreach (string name in (string[])["messages", "tools", "documents"])
                variables[name] = WithToken(variables[name], "");
            if (Record(template, GoldenChat.Input(variables)) is RenderedChat chat)
                seen += AssertMarked(chat);
        }

        Assert.True(seen > 10, $"{family} printed {seen} tokens");
    }

    [Fact]
    public void What_the_template_writes_is_not_marked()
    {
        var template = ChatTemplate.Parse(GoldenChat.Templates["chatml"].Source);
        RenderedChat chat = template.RenderMarked(Of(("user", "hi"), ("assistant", "<|im_end|>")) with { AddGenerationPrompt = true });

        Assert.Equal(
            "<|im_start|>[user]\n[hi]<|im_end|>\n<|im_start|>[assistant]\n[<|im_end|>]<|im_end|>\n<|im_start|>assistant\n",
            Bracketed(chat)
        );
    }

    [Fact]
    public void Generation_blocks_are_told_through_macros_and_set_blocks()
    {
        const string Template =
            "{% macro turn(m) %}<{% generation %}{{ m.content }}</s>{% endgeneration %}{% endmacro %}"
            + "{% for m in messages %}{% if m.role == 'assistant' %}{{ turn(m) }}{% else %}{{ m.content }}{% endif %}{% endfor %}"
            + "{% set x %}{% generation %}{% endgeneration %}{% generation %}z{% endgeneration %}{% endset %}!{{ x }}";
        RenderedChat chat = ChatTemplate
            .Parse(Template)
            .RenderMarked(Of(("user", "q"), ("assistant", "a1"), ("user", "r"), ("assistant", "a2")));

        Assert.Equal(["a1</s>", "a2</s>", "z"], chat.GenerationRanges.Select(range => chat.Text.Substring(range.Start, range.Length)));
        Assert.Equal("[q]<[a1]</s>[r]<[a2]</s>!z", Bracketed(chat));
    }

    private static RenderedChat? Record(ChatTemplate template, ChatTemplateInput input)
    {
        try
        {
            return template.RenderMarked(input);
        }
        catch (ChatTemplateException)
        {
            return null; // families that refuse a conversation refuse it with tokens too
        }
    }

    /// <summary>The same JSON with a token in every text but roles and types, which decide what is rendered.</summary>
    private static JsonNode? WithToken(JsonNode? node, string key) =>
        node switch
        {
            JsonObject mapping => new JsonObject(
                mapping.Select(entry => KeyValuePair.Create(entry.Key, WithToken(entry.Value, entry.Key)))
            ),
            JsonArray list => new JsonArray([.. list.Select(item => WithToken(item, key))]),
            JsonValue value when key is not ("role" or "type" or "id") && value.TryGetValue(out string? text) => JsonValue.Create(
                $"Ж{text}{Token}Ж"
            ),
            _ => node?.DeepClone(),
        };

    private static int AssertMarked(RenderedChat chat)
    {
        int count = 0;
        for (int at = -1; (at = chat.Text.IndexOf(Token + "Ж", at + 1, StringComparison.Ordinal)) >= 0; )
        {
            Assert.Contains(chat.DataRanges, range => range.Start <= at && range.End >= at + Token.Length + 1);
            count++;
        }
        return count;
    }

    private static string Bracketed(RenderedChat chat)
    {
        string text = chat.Text;
        foreach (CharacterRange range in chat.DataRanges.Reverse())
            text = text.Insert(range.End, "]").Insert(range.Start, "[");
        return text;
    }

    private static ChatTemplateInput Input()
    {
        var variables = JsonNode.Parse("""{"c": "ab😀 <c>", "n": 7, "f": 2.4, "t": true, "z": null, "d": {"k": "v"}}""")!;
        return Of() with
        {
            Variables = variables.AsObject(),
            SpecialTokens = new Dictionary<string, string?> { ["b"] = "<s>" },
            Date = GoldenChat.Date,
        };
    }
}
