using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>A folder for stores, and samples to put into them.</summary>
public abstract class StoreFixture : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("vbon-store-").FullName;

    internal static ReferenceProvenance Provenance { get; } =
        new(new ScoringIdentity(new("words", ("temperature", 1.0), ("top-k", "none")), "judge", new("scoring", ("truncated", "Score"))), 1);

    /// <summary>The path of a store.</summary>
    protected string Store => Named("store.db");

    public virtual void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected string Named(string name) => Path.Combine(_root, name);

    /// <summary>
    /// Samples first to first + count - 1 of a prompt, the same whenever they are asked for; the last have no reward when asked.
    /// </summary>
    internal static ReferencePrompt Samples(Prompt prompt, int first, int count, int excluded = 0)
    {
        int[] indices = [.. Enumerable.Range(first, count)];
        return new ReferencePrompt(
            prompt,
            indices.Select(i => new ScoredSample(
                new Completion
                {
                    Prompt = prompt,
                    Text = $"\"{i}\" \n é 🙂",
                    PromptTokens = [3, prompt.Canonical.Length],
                    Tokens = [.. Enumerable.Range(i, i % 5)],
                    FinishReason = (FinishReason)(i % 2),
                },
                i < first + count - excluded ? new CounterRandom(new DrawSeed(7), prompt, i).Normal(0) : null,
                -0.1 - i
            )),
            [new("style", [.. indices.Select(i => i % 3 == 0 ? (double?)null : i / 7.0)])]
        );
    }

    internal static ReferenceStore Open(string path, ReferenceProvenance? provenance = null) =>
        ReferenceStore.Open(path, provenance ?? Provenance, new ReferenceStoreOptions { FlushToDisk = false });

    /// <summary>All rows of a store as text, in an order of their own.</summary>
    internal static string[] Rows(string path)
    {
        using var reader = StoreReader.Open(path);
        reader.Check();
        return [.. StoreFileFixture.Contents(reader).Order(StringComparer.Ordinal)];
    }

    internal static void AssertSame(ReferencePrompt expected, ReferencePrompt actual)
    {
        Assert.Equal(expected.Prompt, actual.Prompt);
        Assert.Equal(expected.Excluded, actual.Excluded);
        Assert.Equal(expected.All.PlacesWithoutReward, actual.All.PlacesWithoutReward);
        Assert.Equal(expected.Rewards.Select(BitConverter.DoubleToInt64Bits), actual.Rewards.Select(BitConverter.DoubleToInt64Bits));
        Assert.Equal(expected.Cdf.SortedRewards.ToArray(), actual.Cdf.SortedRewards.ToArray());
        Assert.Equal(expected.Responses.ToArray(), actual.Responses.ToArray());
        Assert.Equal(Describe(expected), Describe(actual));
        Assert.Equal(Components(expected), Components(actual));
    }

    private static IEnumerable<string> Components(ReferencePrompt prompt) =>
        prompt.Components.Select(part => $"{part.Key}: {string.Join(' ', part.Value)}");

    private static IEnumerable<string> Describe(ReferencePrompt prompt) =>
        prompt.Samples.Select(sample =>
            string.Join(
                '|',
                sample.Completion.Prompt,
                sample.Completion.Text,
                string.Join(' ', sample.Completion.PromptTokens),
                string.Join(' ', sample.Completion.Tokens),
                sample.Completion.FinishReason,
                BitConverter.DoubleToInt64Bits(sample.Reward),
                BitConverter.DoubleToInt64Bits(sample.LogReference)
            )
        );
}
