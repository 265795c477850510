using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

/// <summary>A folder for caches and samples to put into them.</summary>
public abstract class StoreFixture : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("vbon-store-").FullName;

    internal static ReferenceProvenance Provenance { get; } = new(new ScoringIdentity(new ModelIdentity("words", ("temperature", 1.0), ("top-k", "none")), "judge", new ScoringOptions().Identity), 1);

    protected string Folder => Named("cache");

    public void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected string Named(string name) => Path.Combine(_root, name);

    /// <summary>Samples first to first + count - 1 of a prompt, the same whenever they are asked for; the last is excluded when asked.</summary>
    internal static ReferencePrompt Samples(Prompt prompt, int first, int count, int excluded = 0) => new(
        prompt,
        Enumerable.Range(first, count).Select(i => new ScoredSample(
            new Completion { Prompt = prompt, Text = $"\"{i}\" \n é 🙂", PromptTokens = [3, prompt.Text.Length], Tokens = [.. Enumerable.Range(i, i % 5)], FinishReason = (FinishReason)(i % 2) },
            i - first < count - excluded ? new CounterRandom(new DrawSeed(7), prompt, i).Normal(0) : null,
            -0.1 - i)),
        [new("style", [.. Enumerable.Range(first, count).Select(i => i % 3 == 0 ? (double?)null : i / 7.0)])]);

    internal static ReferenceStore Open(string folder, ReferenceCompression compression = ReferenceCompression.None) =>
        ReferenceStore.Open(folder, Provenance, new ReferenceStoreOptions { Compression = compression, FlushToDisk = false });

    /// <summary>The file of records.</summary>
    internal static string Data(string folder) => Directory.GetFiles(folder, "samples.*").Single();

    /// <summary>Leaves what a killed process leaves: so much of the records, and the side file not brought up to them.</summary>
    internal static void Leave(string folder, byte[] records)
    {
        File.Delete(Path.Combine(folder, "rewards.index"));
        File.WriteAllBytes(Data(folder), records);
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
        Assert.Equal(expected.Components.Select(part => $"{part.Key}: {string.Join(' ', part.Value)}"), actual.Components.Select(part => $"{part.Key}: {string.Join(' ', part.Value)}"));
    }

    private static IEnumerable<string> Describe(ReferencePrompt prompt) => prompt.Samples.Select(sample =>
        $"{sample.Completion.Prompt}|{sample.Completion.Text}|{string.Join(' ', sample.Completion.PromptTokens)}|{string.Join(' ', sample.Completion.Tokens)}|{sample.Completion.FinishReason}|{BitConverter.DoubleToInt64Bits(sample.Reward)}|{BitConverter.DoubleToInt64Bits(sample.LogReference)}");
}
