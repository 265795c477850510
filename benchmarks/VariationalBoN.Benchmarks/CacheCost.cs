using System.Globalization;
using TorchSharp;
using VariationalBoN.References;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// What the cache on disk costs beside the sampling that fills it, in CPU seconds of one process (<c>cache</c>): round after round 144 prompts with 256 completions of the smallest sample model, one layer of
/// 48 dimensions and 301 tokens, drawn, scored, and appended in batches of 16 prompts, each flushed to the disk, the side file completed at the end.
/// </summary>
internal static class CacheCost
{
    private const int Vocabulary = 301, Prompts = 144, Samples = 256, PromptsPerBatch = 16, Rounds = 10;

    public static async Task RunAsync()
    {
        torch.set_num_threads(1);
        using var model = new Gpt2(new Gpt2Config { VocabularySize = Vocabulary, MaxLength = 64, Width = 48, Layers = 1, Heads = 4, Activation = "relu" }, seed: 1);
        model.eval();
        var reference = new CausalLmPolicy(model, new IdTokenizer(Vocabulary), new GenerationOptions { MaxNewTokens = 32, StopTokens = [.. Enumerable.Range(285, 16)] });
        var scorer = new Scorer(reference, RewardModel.FromFunction(completion => completion.Tokens.Sum(), "sum"));
        for (int round = 1; round <= Rounds; round++)
            Console.WriteLine(await RoundAsync(round, reference, scorer));
    }

    private static async Task<string> RoundAsync(int round, CausalLmPolicy reference, Scorer scorer)
    {
        string folder = Directory.CreateTempSubdirectory("vbon-cost-").FullName;
        try
        {
            using var plain = ReferenceStore.Open(Path.Combine(folder, "plain"), provenance: null);
            using var packed = ReferenceStore.Open(Path.Combine(folder, "packed"), provenance: null, new ReferenceStoreOptions { Compression = ReferenceCompression.Gzip });
            double sampling = 0, scoring = 0, plainCost = 0, packedCost = 0;
            long tokens = 0;
            foreach (Prompt[] batch in Enumerable.Range(0, Prompts).Select(p => new Prompt(string.Join(' ', Enumerable.Range(p, 1 + (p % 4))))).Chunk(PromptsPerBatch))
            {
                IReadOnlyList<Completion> drawn = [];
                sampling += Cpu(() => drawn = reference.Sample(batch, Samples, new DrawSeed(round, DrawPurpose.Reference)));
                Completion[] texts = [.. drawn.Select(completion => completion with { Text = string.Join(' ', completion.Tokens.Select(token => $"word{token}")) })]; // the tokenizer of this program knows no words
                double before = CpuNow();
                ScoredBatch scored = await scorer.ScoreAsync(texts);
                scoring += CpuNow() - before;
                ReferencePrompt[] entries = [.. scored.GroupBy(sample => sample.Completion.Prompt).Select(samples => new ReferencePrompt(samples.Key, samples))];
                tokens += texts.Sum(text => (long)text.Tokens.Length);
                plainCost += Cpu(() => plain.Append(entries));
                packedCost += Cpu(() => packed.Append(entries));
            }

            double plainSide = Cpu(() => plain.AsTable().Dispose()), packedSide = Cpu(() => packed.AsTable().Dispose());
            return string.Create(CultureInfo.InvariantCulture, $"round {round}: {tokens:N0} tokens, sampling {sampling:0.00}, scoring {scoring:0.00} CPU s; {Cost(plain, plainCost, plainSide)}; {Cost(packed, packedCost, packedSide)}");

            string Cost(ReferenceStore store, double append, double side) => string.Create(
                CultureInfo.InvariantCulture,
                $"{Path.GetFileName(store.Folder)} append {append:0.000}, side file {side:0.000} = {100 * (append + side) / sampling:0.0} % of sampling, {Directory.GetFiles(store.Folder, "samples.*").Sum(path => new FileInfo(path).Length) / 1e6:0.0} MB");
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
    private static double CpuNow() => Environment.CpuUsage.TotalTime.TotalSeconds;
}
