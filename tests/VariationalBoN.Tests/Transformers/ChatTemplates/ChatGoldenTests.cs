using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>The engine against the original implementation.</summary>
[Trait("Tier", "fast")]
public sealed class ChatGoldenTests
{
    public static TheoryData<string> Templates => [.. GoldenChat.Templates.Keys];

    public static TheoryData<string> Kinds => [.. GoldenChat.Expressions.Select(Kind).Distinct()];

    [Theory]
    [MemberData(nameof(Templates))]
    public void A_template_renders_every_conversation_as_the_original_does(string name)
    {
        JsonObject[] cases = [.. GoldenChat.Cases.Where(one => (string)one["template"]! == name)];

        Assert.NotEmpty(cases);
        Assert.Equal(
            [],
            cases
                .Select(one => GoldenChat.Fault((string)one["conversation"]!, one, mayRefuse: false, () => Render(name, one)))
                .OfType<string>()
        );
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Expressions_give_what_the_original_gives(string kind)
    {
        JsonObject[] expressions = [.. GoldenChat.Expressions.Where(one => Kind(one) == kind)];

        Assert.NotEmpty(expressions);
        Assert.Equal([], expressions.Select(one => Fault(one, mayRefuse: (string)one["tier"]! == "rare")).OfType<string>());
    }

    [Fact]
    public void Few_of_the_rare_expressions_are_refused()
    {
        IEnumerable<JsonObject> rare = GoldenChat.Expressions.Where(one => (string)one["tier"]! == "rare" && one["expected"] is not null);

        Assert.InRange(rare.Count(one => Fault(one, mayRefuse: false) is not null), 0, 16);
    }

    private static string Render(string name, JsonObject one) =>
        ChatTemplate.Parse(GoldenChat.Templates[name].Source).Render(GoldenChat.Input(one["kwargs"]!.AsObject()));

    private static string? Fault(JsonObject expression, bool mayRefuse) =>
        GoldenChat.Fault(
            (string)expression["id"]!,
            expression,
            mayRefuse,
            () => GoldenChat.Render((string)expression["template"]!, expression["variables"]!.AsObject())
        );

    private static string Kind(JsonObject expression) => ((string)expression["id"]!).Split('-')[0];
}
