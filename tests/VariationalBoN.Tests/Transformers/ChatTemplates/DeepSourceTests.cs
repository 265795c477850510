using VariationalBoN.Transformers.ChatTemplates;
using static VariationalBoN.Tests.Transformers.ChatTemplates.MessageInputs;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>No depth, of the source or of what it computes, overflows the stack: that would end the process.</summary>
[Trait("Tier", "fast")]
public sealed class DeepSourceTests
{
    public static TheoryData<string> Deep => new()
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
        const string Template = "{% set ns = namespace(x=[1]) %}{% for i in range(30000) %}{% set ns.x = ns.x | map('string') %}"
            + "{% endfor %}{{ ns.x | list }}";

        Assert.Contains("stack", Refused(Template).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(16_384)]
    public void No_depth_overflows_the_stack_of_a_small_thread(int kilobytes)
    {
        string nested = $"{{% macro f() %}}{{{{ {new string('(', 90)}1 ~ f(){new string(')', 90)} }}}}{{% endmacro %}}{{{{ f() }}}}";
        var deep = new ChatTemplateBounds { MaxCallDepth = 10_000, MaxNesting = 1_000 };
        Exception? caught = null;
        var thread = new Thread(
            () => caught = Record.Exception(() => ChatTemplate.Parse(nested, bounds: deep).Render(Of())),
            kilobytes * 1024);
        thread.Start();
        thread.Join();

        Assert.IsType<ChatTemplateException>(caught);
    }

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));
}
