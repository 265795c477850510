using System.Globalization;
using TorchSharp;
using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.CrashHost;

/// <summary>Builds a reference cache that goes on from what its folder has; or holds one open for writing.</summary>
internal static class CacheJob
{
    public static async Task<int> RunAsync(string folder, string compression, bool flush)
    {
        torch.set_num_threads(1);
        Prompt[] prompts = [.. Enumerable.Range(0, 60).Select(i => $"prompt {i}")];
        using var table = await ReferenceTable.EstimateAsync(new Scorer(new Dice(), RewardModel.FromFunction(completion => completion.Tokens[0] == completion.Tokens[1] ? double.NaN : completion.Tokens.Sum() / 7.0, "sum"), new ScoringOptions() { OnFailure = RewardFailure.Exclude }), prompts, new ReferenceTableOptions
        {
            SamplesPerPrompt = 64,
            Seed = 1,
            PromptsPerBatch = 4,
            Folder = folder,
            Storage = new() { Compression = Enum.Parse<ReferenceCompression>(compression), FlushToDisk = flush },
            Progress = new Line(),
        });
        return 0;
    }

    /// <summary>Opens the folder for writing and waits to be killed.</summary>
    public static int Hold(string folder)
    {
        using var store = ReferenceStore.Open(folder, provenance: null);
        Console.WriteLine("open");
        Console.ReadLine();
        return 0;
    }

    private sealed class Line : IProgress<ReferenceTableProgress>
    {
        public void Report(ReferenceTableProgress value) => Console.WriteLine(value.SamplesDone.ToString(CultureInfo.InvariantCulture)); // tells the test how far it is
    }

    /// <summary>Throws twenty dice for each completion.</summary>
    private sealed class Dice : IPolicy
    {
        public ModelIdentity Identity => "two dice";

        public bool IsTrainable => false;

        private const int Throws = 20;

        public IReadOnlyList<Completion> Sample(IReadOnlyList<Prompt> prompts, int completionsPerPrompt, DrawSeed seed, CancellationToken cancellationToken = default) =>
            [.. prompts.SelectMany(prompt => Enumerable.Range(0, completionsPerPrompt).Select(k => Throw(prompt, new CounterRandom(seed, prompt, k))))];

        public torch.Tensor LogProb(IReadOnlyList<Completion> completions) => torch.tensor([.. completions.Select(completion => -completion.Tokens.Length * Math.Log(6))], torch.float64);

        private static Completion Throw(Prompt prompt, CounterRandom random)
        {
            int[] dice = [.. Enumerable.Range(0, Throws).Select(t => 1 + (int)(6 * random.Uniform(t)))];
            return new Completion { Prompt = prompt, Text = string.Join(' ', dice), PromptTokens = [0], Tokens = [.. dice] };
        }
    }
}
