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
        Assert.Equal([], cases.Select(one => GoldenChat.Fault(
            $"{name}/{(string)one["conversation"]!}", one, mayRefuse: false,
            () => ChatTemplate.Parse(GoldenChat.Templates[name].Source).Render(GoldenChat.Input(one["kwargs"]!.AsObject())))).OfType<string>());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Expressions_give_what_the_original_gives(string kind)
    {
        Assert.Equal([], GoldenChat.Expressions.Where(one => Kind(one) == kind).Select(one => GoldenChat.Fault(
            (string)one["id"]!, one, mayRefuse: (string)one["tier"]! == "rare",
            () => GoldenChat.Render((string)one["template"]!, one["variables"]!.AsObject()))).OfType<string>());
    }

    [Fact]
    public void Few_of_the_rare_expressions_are_refused()
    {
        int refused = GoldenChat.Expressions.Count(one => (string)one["tier"]! == "rare" && one["expected"] is not null
            && GoldenChat.Fault("", one, mayRefuse: false, () => GoldenChat.Render((string)one["template"]!, one["variables"]!.AsObject())) is not null);

        Assert.InRange(refused, 0, 16);
    }

    private static string Kind(JsonObject expression) => ((string)expression["id"]!).Split('-')[0];
}
