using System.Globalization;
using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// What the store costs beside the sampling that fills it, in CPU seconds of one process (<c>store</c>): round after round 144 prompts with
/// 256 completions of the smallest sample model, one layer of 48 dimensions and 301 tokens, drawn, scored, and appended in batches of
/// 16 prompts, each flushed to the disk, and the store closed at the end.
/// </summary>
internal static class StoreCost
{
    private const int Vocabulary = 301,
        Prompts = 144,
        Samples = 256,
        PromptsPerBatch = 16,
        Rounds = 10;

    public static async Task RunAsync()
    {
        torch.set_num_threads(1);
        var config = new Gpt2Config
        {
            VocabularySize = Vocabulary,
            MaxLength = 64,
            Width = 48,
            Layers = 1,
            Heads = 4,
            Activation = "relu",
        };
        using var model = new Gpt2(config, seed: 1);
        model.Freeze();
        var options = new GenerationOptions { MaxNewTokens = 32, StopTokens = [.. Enumerable.Range(285, 16)] };
        var reference = new CausalLmPolicy(model, new IdTokenizer(Vocabulary), options);
        var scorer = new Scorer(reference, RewardModel.FromFunction(completion => completion.Tokens.Sum(), "sum"));
        for (int round = 1; round <= Rounds; round++)
            Console.WriteLine(await RoundAsync(round, reference, scorer));
    }

    private static async Task<string> RoundAsync(int round, CausalLmPolicy reference, Scorer scorer)
    {
        string folder = Directory.CreateTempSubdirectory("vbon-cost-").FullName,
            path = Path.Combine(folder, "references.db");
        try
        {
            double sampling = 0,
                scoring = 0,
                cost = 0;
            long tokens = 0,
                text = 0;
            var store = ReferenceStore.Open(path, provenance: null);
            string[] prompts = [.. Enumerable.Range(0, Prompts).Select(p => string.Join(' ', Enumerable.Range(p, 1 + (p % 4))))];
            foreach (Prompt[] batch in Prompt.FromTexts(prompts).Chunk(PromptsPerBatch))
            {
                IReadOnlyList<Completion> drawn = [];
                sampling += Cpu(() => drawn = reference.Sample(batch, Samples, new DrawSeed(round, DrawPurpose.Reference)));
                Completion[] texts = [.. drawn.Select(completion => completion with { Text = Words(completion) })];
                double before = CpuNow();
                ScoredBatch scored = await scorer.ScoreAsync(texts);
                scoring += CpuNow() - before;
                var samples = scored.GroupBy(sample => sample.Completion.Prompt);
                ReferencePrompt[] entries = [.. samples.Select(group => new ReferencePrompt(group.Key, group))];
                tokens += texts.Sum(completion => (long)completion.Tokens.Length);
                text += texts.Sum(completion => (long)completion.Text.Length);
                cost += Cpu(() => store.Append(entries));
            }

            cost += Cpu(store.Dispose);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"round {round}: {tokens:N0} tokens, sampling {sampling:0.00}, scoring {scoring:0.00}, store {cost:0.000} CPU s = "
                    + $"{100 * cost / sampling:0.0} % of sampling; {new FileInfo(path).Length / 1e6:0.0} MB, text {text / 1e6:0.0} MB"
            );
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A text of words, which the tokenizer of this program does not know.</summary>
    private static string Words(Completion completion) => string.Join(' ', completion.Tokens.Select(token => $"word{token}"));

    private static double Cpu(Action action)
    {
        double before = CpuNow();
        action();
        return CpuNow() - before;
    }

    /// <summary>User and system seconds of all threads of the process.</summary>
    private static double CpuNow() => Environment.CpuUsage.TotalTime.TotalSeconds;
}
