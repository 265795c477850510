using VariationalBoN.Extensions.AI.Pools;
using VariationalBoN.Tests.Policies;

namespace VariationalBoN.Tests.ExtensionsAI.Pools;

/// <summary>What draws are of that nobody checks changes with all that changes them.</summary>
[Trait("Tier", "fast")]
public sealed class UncheckedIdentityTests : IDisposable
{
    private readonly PoolHandler _pool = new([new Uri("http://gpu1:8000")]);

    public void Dispose() => _pool.Dispose();

    [Fact]
    public void Settings_and_tokenizer_are_part_of_it_whatever_was_given()
    {
        var settings = new GenerationOptions { MaxNewTokens = 8, StopTokens = [2] };
        ModelIdentity given = Identity("llama, checkpoint 7", settings);

        Assert.Equal("llama, checkpoint 7", given.Name);
        Assert.Equal(given, Identity("llama, checkpoint 7", settings));
        Assert.Contains(
            "max new tokens is 8, in the other 9",
            given.Differences(Identity("llama, checkpoint 7", settings with { MaxNewTokens = 9 }))
        );
        Assert.Contains(
            "stop tokens is 2, in the other 3",
            given.Differences(Identity("llama, checkpoint 7", settings with { StopTokens = [3] }))
        );
        Assert.Single(given.Differences(Identity("llama, checkpoint 7", settings with { PromptsHaveSpecialTokens = true })));
        Assert.Contains("tokenizer", Assert.Single(given.Differences(Identity("llama, checkpoint 7", settings, vocabulary: 12))));
        Assert.Equal(given, Identity(given, settings)); // one that has all is taken as it is
    }

    [Fact]
    public void One_that_says_something_else_is_refused()
    {
        var settings = new GenerationOptions { MaxNewTokens = 8 };

        Assert.Contains("max new tokens is 9 in it, here 8", Refused(new("llama", ("max new tokens", 9))));
        Assert.Contains("top-k is 3 in it, here none", Refused(new("llama", ("top-k", 3))));
        Assert.Contains("tokenizer is other", Refused(new("llama", ("tokenizer", "other"))));

        string Refused(ModelIdentity given) => Assert.Throws<ArgumentException>(() => Identity(given, settings)).Message;
    }

    private ModelIdentity Identity(ModelIdentity given, GenerationOptions settings, int vocabulary = 11) =>
        new PoolSampler(_pool, new NumberTokenizer(vocabulary), settings, new() { Model = "m", UncheckedIdentity = given }).Identity;
}
