using System.Globalization;
using TorchSharp;
using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.CrashHost;

/// <summary>Fills a store that goes on from what it has; or holds one open for writing.</summary>
internal static class StoreJob
{
    public static async Task<int> RunAsync(string store, string journal, bool flush)
    {
        torch.set_num_threads(1);
        Prompt[] prompts = [.. Enumerable.Range(0, 60).Select(i => new Prompt($"prompt {i}"))];
        var sum = RewardModel.FromFunction(Sum, "sum");
        var scorer = new Scorer(new Dice(), sum, new ScoringOptions { OnFailure = RewardFailure.Exclude });
        using var table = await ReferenceTable.EstimateAsync(
            scorer,
            prompts,
            new ReferenceTableOptions
            {
                SamplesPerPrompt = 64,
                Seed = 1,
                PromptsPerBatch = 4,
                Store = store,
                Storage = new() { Journal = Enum.Parse<ReferenceJournal>(journal), FlushToDisk = flush },
                Progress = new Line(),
            }
        );
        return 0;
    }

    /// <summary>Opens a store for writing, adds a batch, and waits to be killed.</summary>
    public static int Hold(string path)
    {
        using var store = ReferenceStore.Open(path, provenance: null);
        store.Append([new ReferencePrompt("held", [1.0, 2.0], [])]);
        Console.WriteLine("open");
        Console.ReadLine();
        return 0;
    }

    private static double Sum(Completion completion) =>
        completion.Tokens[0] == completion.Tokens[1] ? double.NaN : completion.Tokens.Sum() / 7.0;

    private sealed class Line : IProgress<ReferenceTableProgress>
    {
        /// <summary>Tells the test how far it is.</summary>
        public void Report(ReferenceTableProgress value) => Console.WriteLine(value.SamplesDone.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Throws twenty dice for each completion.</summary>
    private sealed class Dice : IPolicy
    {
        private const int Throws = 20;

        public ModelIdentity Identity => "twenty dice";

        public bool IsTrainable => false;

        public IReadOnlyList<Completion> Sample(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            CancellationToken cancellationToken = default
        ) =>
            [
                .. prompts.SelectMany(prompt =>
                    Enumerable.Range(0, completionsPerPrompt).Select(k => Throw(prompt, new CounterRandom(seed, prompt, k)))
                ),
            ];

        public torch.Tensor LogProb(IReadOnlyList<Completion> completions) =>
            torch.tensor([.. completions.Select(completion => -completion.Tokens.Length * Math.Log(6))], torch.float64);

        private static Completion Throw(Prompt prompt, CounterRandom random)
        {
            int[] dice = [.. Enumerable.Range(0, Throws).Select(t => 1 + (int)(6 * random.Uniform(t)))];
            return new Completion
            {
                Prompt = prompt,
                Text = string.Join(' ', dice),
                PromptTokens = [0],
                Tokens = [.. dice],
            };
        }
    }
}
