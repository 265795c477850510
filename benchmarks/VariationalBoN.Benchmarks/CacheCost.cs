using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using VariationalBoN.BestOfN;
using VariationalBoN.Models;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// What the cache on disk costs beside the sampling that fills it, in CPU seconds of one process (<c>cache</c>): 144 prompts with 256 completions of the smallest sample model, one layer of 48 dimensions and
/// 301 tokens, drawn, scored, and appended in batches of 16 prompts, each flushed to the disk, the side file made at the end.
/// </summary>
internal static class CacheCost
{
    private const int Vocabulary = 301, Prompts = 144, Samples = 256, PromptsPerBatch = 16, Rounds = 8;

    public static async Task RunAsync()
    {
        torch.set_num_threads(1);
        using var model = new Gpt2(new Gpt2Config { VocabularySize = Vocabulary, MaximumLength = 64, Width = 48, Layers = 1, Heads = 4, Activation = "relu" }, seed: 1);
        model.eval();
        var reference = new CausalLmPolicy(model, new IdTokenizer(Vocabulary), new GenerationOptions { MaximumNewTokens = 32, StopTokens = [.. Enumerable.Range(285, 16)] });
        var scorer = new Scorer(reference, RewardModel.FromFunction(completion => completion.Tokens.Sum(), "sum"));
        string[][] batches = [.. Enumerable.Range(0, Prompts).Select(p => string.Join(' ', Enumerable.Range(p, 1 + (p % 4)))).Chunk(PromptsPerBatch)];
        reference.Sample(batches[0], 1, seed: 0); // the first call of everything is slow
        double sampling = 0, scoring = 0;
        var entries = new List<ReferencePrompt[]>();
        foreach (string[] batch in batches)
        {
            IReadOnlyList<Completion> drawn = [];
            sampling += Cpu(() => drawn = reference.Sample(batch, Samples, new DrawSeed(1, DrawPurpose.Reference)));
            Completion[] texts = [.. drawn.Select(completion => completion with { Text = string.Join(' ', completion.Tokens.Select(token => $"word{token}")) })]; // the tokenizer of this program knows no words
            double before = CpuNow();
            ScoredBatch scored = await scorer.ScoreAsync(texts);
            scoring += CpuNow() - before;
            entries.Add([.. scored.GroupBy(sample => sample.Completion.Prompt).Select(samples => new ReferencePrompt(samples.Key, samples))]);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Prompts} prompts x {Samples} completions, {entries.Sum(batch => batch.Sum(prompt => prompt.Samples.Sum(sample => (long)sample.Completion.Tokens.Length))):N0} tokens; CPU seconds: sampling {sampling:0.00}, log pi_ref and reward {scoring:0.00}"));
        foreach (ReferenceCompression compression in Enum.GetValues<ReferenceCompression>())
        {
            for (int round = 0; round < Rounds; round++) // the first ones compile
            {
                var (append, sideFile, bytes) = Keep(entries, compression);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{compression}: append {append:0.000}, side file {sideFile:0.000} CPU seconds, {bytes / 1e6:0.0} MB, {100 * (append + sideFile) / sampling:0.0} % of sampling, {100 * (append + sideFile) / (sampling + scoring):0.0} % of sampling and scoring"));
            }
        }
    }

    private static (double Append, double SideFile, long Bytes) Keep(IReadOnlyList<ReferencePrompt[]> batches, ReferenceCompression compression)
    {
        string folder = Directory.CreateTempSubdirectory("vbon-cost-").FullName;
        try
        {
            using var store = ReferenceStore.Open(folder, provenance: null, new ReferenceStoreOptions { Compression = compression });
            double append = Cpu(() =>
            {
                foreach (ReferencePrompt[] batch in batches)
                    store.Append(batch);
            });
            return (append, Cpu(() => store.AsTable().Dispose()), Directory.GetFiles(folder, "samples.*").Sum(path => new FileInfo(path).Length));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double Cpu(Action action)
    {
        double before = CpuNow();
        action();
        return CpuNow() - before;
    }

    /// <summary>User and system seconds of all threads of the process.</summary>
    private static double CpuNow()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }
}
