using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;
using static VariationalBoN.Tests.Transformers.ChatTemplates.MessageInputs;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>No depth, of the source or of what it computes, overflows the stack: that would end the process.</summary>
[Trait("Tier", "fast")]
public sealed class DeepSourceTests
{
    public static TheoryData<string> Deep =>
        new()
        {
            $"{{{{ {new string('(', 15_000)}1{new string(')', 15_000)} }}}}",
            $"{{{{ {new string('[', 15_000)}",
            $"{{{{ {Repeat("{1:", 15_000)}",
            $"{{{{ {Repeat("not ", 15_000)}1 }}}}",
            $"{{{{ {Repeat("- ", 15_000)}1 }}}}",
            $"{{{{ x{Repeat(".x", 15_000)} }}}}",
            $"{{{{ x{Repeat("[0]", 15_000)} }}}}",
            $"{{{{ x{Repeat("[x", 15_000)}",
            $"{{{{ x{Repeat("()", 15_000)} }}}}",
            $"{{{{ x{Repeat("(x", 15_000)}",
            $"{{{{ x{Repeat("|e", 15_000)} }}}}",
            $"{{{{ x{Repeat("|d(x", 15_000)}",
            $"{{{{ 1{Repeat(" + 1", 15_000)} }}}}",
            $"{{{{ 1{Repeat(" or 1", 15_000)} }}}}",
            $"{{{{ 1{Repeat(" if 1 else 1", 15_000)} }}}}",
            $"{{{{ 1{Repeat(" if 1", 15_000)} }}}}",
            Repeat("{% if 1 %}", 15_000),
            Repeat("{% for x in y %}", 15_000),
            Repeat("{% macro f() %}", 15_000),
            Repeat("{% set x %}", 15_000),
            Repeat("{% filter e %}", 15_000),
            $"{{% set {new string('(', 15_000)}",
        };

    [Theory]
    [MemberData(nameof(Deep))]
    public void A_deep_source_is_refused_when_it_is_read(string template)
    {
        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template));

        Assert.Contains(nameof(ChatTemplateBounds.MaxNesting), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_chains_that_are_not_deep_are_read()
    {
        Assert.Equal(new string('1', 5001), Render($"{{{{ 1{Repeat(" ~ 1", 5000)} }}}}"));
        Assert.Equal("y", Render($"{{% if 0 %}}{Repeat("{% elif 0 %}", 5000)}{{% else %}}y{{% endif %}}"));
        Assert.Equal("True", Render($"{{{{ 1{Repeat(" == 1", 5000)} }}}}"));
    }

    [Fact]
    public void Iterators_inside_each_other_do_not_overflow_the_stack()
    {
        const string Template =
            "{% set ns = namespace(x=[1]) %}{% for i in range(30000) %}{% set ns.x = ns.x | map('string') %}"
            + "{% endfor %}{{ ns.x | list }}";

        Assert.Contains("stack", Refused(Template).Message, StringComparison.Ordinal);
    }

    /// <summary>Templates, or what they are rendered with, of just below the largest bound of nesting.</summary>
    public static TheoryData<string> Nested =>
        new()
        {
            $"{{{{ {new string('(', 950)}1{new string(')', 950)} }}}}",
            $"{{{{ {new string('[', 950)}1{new string(']', 950)} | length }}}}",
            $"{{{{ {new string('[', 950)}1{new string(']', 950)} }}}}",
            $"{{{{ {new string('[', 950)}1{new string(']', 950)} | tojson }}}}",
            $"{{{{ {new string('[', 950)}1{new string(']', 950)} == {new string('[', 950)}1{new string(']', 950)} }}}}",
            $"{{{{ {{{new string('(', 950)}1{Repeat(",)", 950)}: 1}} | length }}}}",
            $"{{{{ {Repeat("{1:", 950)}1{new string('}', 950)} }}}}",
            $"{{{{ {Repeat("not ", 950)}1 }}}}",
            $"{{{{ {Repeat("- ", 950)}1 }}}}",
            $"{{% set x = namespace() %}}{{% set x.x = x %}}{{{{ x{Repeat(".x", 950)} is defined }}}}",
            $"{{{{ 'x'{Repeat("[0]", 950)} }}}}",
            $"{{{{ 'x'{Repeat("[:1]", 950)} }}}}",
            $"{{{{ 'x'{Repeat(".upper()", 450)} }}}}",
            $"{{{{ 'x'{Repeat("|e", 950)} }}}}",
            $"{{{{ x{Repeat("|d(x", 900)}{new string(')', 900)} }}}}",
            $"{{{{ 1{Repeat(" + 1", 950)} }}}}",
            $"{{{{ 1{Repeat(" and 1", 950)} }}}}",
            $"{{{{ 1{Repeat(" if 1", 950)} }}}}",
            $"{{{{ 1{Repeat(" if 0 else 1", 950)} }}}}",
            $"{{% filter e{Repeat("|e", 900)} %}}x{{% endfilter %}}",
            $"{Repeat("{% if 1 %}", 900)}x{Repeat("{% endif %}", 900)}",
            $"{Repeat("{% if 0 %}{% else %}", 900)}x{Repeat("{% endif %}", 900)}",
            $"{Repeat("{% for x in [1] %}", 900)}x{Repeat("{% endfor %}", 900)}",
            $"{Repeat("{% for x in [1] if x %}{{ loop.index }}", 900)}x{Repeat("{% endfor %}", 900)}",
            $"{Repeat("{% set x %}", 900)}x{Repeat("{% endset %}", 900)}",
            $"{Repeat("{% with x = 1 %}", 900)}x{Repeat("{% endwith %}", 900)}",
            $"{Repeat("{% filter e %}", 900)}x{Repeat("{% endfilter %}", 900)}",
            $"{Repeat("{% generation %}", 450)}x{Repeat("{% endgeneration %}", 450)}",
            $"{Repeat("{% macro f() %}", 450)}x{Repeat("{% endmacro %}", 450)}",
            $"{{% macro f() %}}{{{{ caller() }}}}{{% endmacro %}}{Repeat("{% call f() %}", 450)}x{Repeat("{% endcall %}", 450)}",
            $"{{% set {new string('(', 900)}a{Repeat(",)", 900)} = {new string('(', 900)}1{Repeat(",)", 900)} %}}{{{{ a }}}}",
            $"{{% for {new string('(', 900)}a{Repeat(",)", 900)} in [{new string('(', 900)}1{Repeat(",)", 900)}] if a %}}x{{% endfor %}}",
            "{{ deep }}",
            "{{ deep | tojson }}",
            "{{ deep == deeper }}",
            "{{ deep < deeper }}",
        };

    [Theory]
    [MemberData(nameof(Nested))]
    public void Nesting_within_the_bounds_is_rendered_or_refused_on_any_stack(string template)
    {
        var deep = new ChatTemplateBounds { MaxCallDepth = 10_000, MaxNesting = 1_000 };
        ChatTemplate? parsed = null;
        Assert.Null(Caught(16_384, () => (parsed = ChatTemplate.Parse(template, bounds: deep)).Render(DeepInput())));
        for (int kilobytes = 144; kilobytes <= 288; kilobytes += 16)
        {
            Assert.IsType<ChatTemplateException>(Caught(kilobytes, () => parsed!.Render(DeepInput())) ?? Fits());
            Assert.IsType<ChatTemplateException>(Caught(kilobytes, () => ChatTemplate.Parse(template, bounds: deep)) ?? Fits());
        }
    }

    [Fact]
    public void A_deep_input_is_refused_on_a_small_stack_by_the_template()
    {
        var template = ChatTemplate.Parse("x", "the template", new ChatTemplateBounds { MaxNesting = 1_000 });

        var error = Assert.IsType<ChatTemplateException>(Caught(160, () => template.Render(DeepInput())));

        Assert.Contains("the template", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ChatTemplateBounds.MaxNesting), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(16_384)]
    public void No_depth_overflows_the_stack_of_a_small_thread(int kilobytes)
    {
        string nested = $"{{% macro f() %}}{{{{ {new string('(', 90)}1 ~ f(){new string(')', 90)} }}}}{{% endmacro %}}{{{{ f() }}}}";
        var deep = new ChatTemplateBounds { MaxCallDepth = 10_000, MaxNesting = 1_000 };

        Assert.IsType<ChatTemplateException>(Caught(kilobytes, () => ChatTemplate.Parse(nested, bounds: deep).Render(Of())));
    }

    /// <summary>What is thrown on a thread with a stack of that size; an overflow would end the tests.</summary>
    private static Exception? Caught(int kilobytes, Action act)
    {
        Exception? caught = null;
        var thread = new Thread(() => caught = Record.Exception(act), kilobytes * 1024);
        thread.Start();
        thread.Join();
        return caught;
    }

    /// <summary>What stands for an answer where a template fits a stack.</summary>
    private static ChatTemplateException Fits() => Refused("{{ raise_exception('fits') }}");

    private static ChatTemplateInput DeepInput() =>
        Of() with
        {
            Variables = new JsonObject { ["deep"] = Lists(900), ["deeper"] = Lists(901) },
        };

    private static JsonNode Lists(int depth)
    {
        JsonNode node = new JsonArray();
        for (int i = 1; i < depth; i++)
            node = new JsonArray(node);
        return node;
    }

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));
}
