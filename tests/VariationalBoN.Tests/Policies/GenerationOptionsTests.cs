namespace VariationalBoN.Tests.Policies;

/// <summary>What a policy of your own needs of the options.</summary>
[Trait("Tier", "fast")]
public sealed class GenerationOptionsTests
{
    [Theory]
    [InlineData(null, null, true)]
    [InlineData(6, 1.0, true)]
    [InlineData(7, null, true)]
    [InlineData(5, null, false)]
    [InlineData(null, 0.99, false)]
    public void Support_is_full_where_no_token_can_be_left_out(int? topK, double? topP, bool isFull) =>
        Assert.Equal(isFull, new GenerationOptions { TopK = topK, TopP = topP }.HasFullSupport(6));

    [Fact]
    public void All_faults_are_named_with_their_values()
    {
        var options = new GenerationOptions
        {
            MaxNewTokens = 0,
            Temperature = double.NaN,
            TopP = 1.5,
            StopTokens = [3, 6],
        };

        string message = Assert.Throws<ArgumentException>(() => options.Validate(6)).Message;

        Assert.All(
            ["MaxNewTokens is 0", "Temperature is NaN", "TopP is 1.5", "StopTokens is 6"],
            fault => Assert.Contains(fault, message, StringComparison.Ordinal)
        );
        Assert.DoesNotContain("StopTokens is 3", message, StringComparison.Ordinal);
        (options with { MaxNewTokens = 1, Temperature = 1, TopP = 1, StopTokens = [3, 5] }).Validate(6);
    }

    [Fact]
    public void An_identity_gets_the_settings_that_it_lacks_and_may_not_tell_others()
    {
        var options = new GenerationOptions { MaxNewTokens = 4, Temperature = 0.5 };
        ModelIdentity made = options.Identify("model");

        Assert.Equal("model", made.Name);
        Assert.Equal((IdentityValue)0.5, made.Settings.Single(setting => setting.Key == "temperature").Value);
        Assert.Equal((IdentityValue)4L, made.Settings.Single(setting => setting.Key == "max new tokens").Value);
        Assert.Same(made, options.Identify(made));
        Assert.Contains(
            "temperature is 0.5",
            Assert.Throws<ArgumentException>(() => (options with { Temperature = 2 }).Identify(made)).Message,
            StringComparison.Ordinal
        );
    }
}
