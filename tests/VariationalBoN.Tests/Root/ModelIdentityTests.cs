namespace VariationalBoN.Tests.Root;

[Trait("Tier", "fast")]
public sealed class ModelIdentityTests
{
    private static readonly ModelIdentity s_policy = new(
        "policy",
        ("temperature", 1.0),
        ("tokens", 64),
        ("sampled", true),
        ("module", new ModelIdentity("Gpt2", ("weights", 12), ("sha256", "ab, cd"))),
        ("plain", new ModelIdentity("x"))
    );

    [Fact]
    public void Identity_is_read_back_from_its_json_whole()
    {
        Assert.Equal(
            """{"name":"policy","settings":{"temperature":1.0,"tokens":64,"sampled":true,"module":{"name":"Gpt2","settings":{"weights":12,"sha256":"ab, cd"}},"plain":{"name":"x","settings":{}}}}""",
            s_policy.ToJson()
        );
        Assert.Equal(s_policy, ModelIdentity.Parse(s_policy.ToJson()));
        Assert.Equal("\"a \\\"name\\\" é\"", new ModelIdentity("a \"name\" é").ToJson());
        Assert.Equal(new ModelIdentity("a \"name\" é"), ModelIdentity.Parse("\"a \\\"name\\\" é\""));
        Assert.Equal(
            "policy (temperature 1, tokens 64, sampled yes, module Gpt2 (weights 12, sha256 ab, cd), plain x)",
            s_policy.ToString()
        );
    }

    [Fact]
    public void Differences_name_each_setting_that_differs_and_nothing_else()
    {
        var other = new ModelIdentity(
            "policy",
            ("temperature", 0.7),
            ("sampled", true),
            ("module", new ModelIdentity("Gpt2", ("weights", 12), ("sha256", "ef"))),
            ("plain", new ModelIdentity("x")),
            ("more", "y")
        );

        Assert.Equal(
            [
                "temperature is 1, in the other 0.7",
                "tokens is 64, in the other missing",
                "module, sha256 is ab, cd, in the other ef",
                "more is missing, in the other y",
            ],
            s_policy.Differences(other)
        );
        Assert.Empty(s_policy.Differences(ModelIdentity.Parse(s_policy.ToJson())));
        Assert.Equal(["name is \"policy\", in the other \"reward\""], s_policy.Differences("reward"));
        Assert.Equal(
            ["the settings are in another order"],
            new ModelIdentity("p", ("a", 1), ("b", 2)).Differences(new ModelIdentity("p", ("b", 2), ("a", 1)))
        );
    }

    [Fact]
    public void A_number_is_not_the_text_that_it_is_written_as()
    {
        Assert.NotEqual(new ModelIdentity("p", ("a", 1)), new ModelIdentity("p", ("a", "1")));
        Assert.NotEqual(new ModelIdentity("p", ("a", 1)), new ModelIdentity("p", ("a", 1.0)));
        Assert.Equal(0.1 + 0.2, (double)ModelIdentity.Parse(new ModelIdentity("p", ("a", 0.1 + 0.2)).ToJson()).Settings[0].Value.Value);
    }

    [Fact]
    public void Settings_and_identities_compare_by_what_they_say()
    {
        IdentityValue number = 12L,
            same = 12L,
            text = "12",
            within = new ModelIdentity("Gpt2");

        Assert.True(number == same && number != text);
        Assert.True(new ModelIdentity("p") != new ModelIdentity("q") && !(new ModelIdentity("p") != new ModelIdentity("p")));
        Assert.Equal((null, new ModelIdentity("Gpt2")), (text.Identity, within.Identity));
    }

    [Fact]
    public void What_differs_between_two_ways_of_scoring_is_told_part_by_part()
    {
        var mine = new ScoringIdentity(s_policy, "judge", "plain");

        Assert.Empty(mine.Differences(mine with { }));
        string[] told = [.. mine.Differences(new ScoringIdentity("other", "judge", "cut"), "the table", "the batch")];
        Assert.Equal(2, told.Length);
        Assert.All(told, difference => Assert.Contains("the table", difference, StringComparison.Ordinal));
        Assert.All(told, difference => Assert.Contains("the batch", difference, StringComparison.Ordinal));
        Assert.StartsWith("the reference policy", told[0], StringComparison.Ordinal);
        Assert.StartsWith("the scoring", told[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Blank_and_double_names_and_numbers_that_are_none_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new ModelIdentity(" "));
        Assert.Contains(
            "\"a\"",
            Assert.Throws<ArgumentException>(() => new ModelIdentity("p", ("a", 1), ("a", 2))).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => new ModelIdentity("p", ("", 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ModelIdentity("p", ("a", double.NaN)));
    }

    [Theory]
    [InlineData("5")]
    [InlineData("{}")]
    [InlineData("""{"name":"p"}""")]
    [InlineData("""{"name":"p","settings":{"a":[1]}}""")]
    [InlineData("""{"name":"p","settings":{"a":1,"a":2}}""")]
    [InlineData("\" \"")]
    [InlineData("{")]
    public void What_is_no_identity_is_refused(string json) => Assert.Throws<FormatException>(() => ModelIdentity.Parse(json));
}
