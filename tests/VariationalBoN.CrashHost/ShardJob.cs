using System.Globalization;
using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.CrashHost;

/// <summary>Draws one shard of a table with a small model, whose last bits depend on what is drawn together;
/// "environment" for the shard of the job's variables.</summary>
internal static class ShardJob
{
    public static async Task<int> RunAsync(string store, string shard)
    {
        torch.set_num_threads(1);
        using var model = new Gpt2(
            new Gpt2Config
            {
                VocabularySize = 11,
                MaxLength = 24,
                Width = 32,
                Layers = 2,
                Heads = 2,
            },
            seed: 3
        );
        model.Freeze();
        model.eval();
        var options = new GenerationOptions
        {
            MaxNewTokens = 12,
            StopTokens = [0],
            RowsPerBatch = 16,
            RowsPerUnit = 32,
        };
        var reference = new CausalLmPolicy(model, new NumberTokenizer(11), options);
        var scorer = new Scorer(reference, RewardModel.FromFunction(completion => completion.Tokens.Sum() / 7.0, "sum"));
        Prompt[] prompts =
        [
            .. Enumerable.Range(0, 10).Select(i => new Prompt(string.Join(' ', Enumerable.Range(1, 1 + (i % 5)).Append(1 + i)))),
        ];
        ReferenceTableOptions whole = new()
        {
            SamplesPerPrompt = 128,
            SamplesPerBlock = 16,
            PromptsPerBatch = 5,
            Seed = 1,
            Store = store,
            Storage = new() { FlushToDisk = false }, // SIGKILL takes nothing from the operating system
            Progress = new Line(),
        };
        using var table = await ReferenceTable.EstimateAsync(
            scorer,
            prompts,
            shard switch
            {
                "none" => whole,
                "environment" => Shard.FromEnvironment().Cut(whole),
                _ => Shard.Parse(shard).Cut(whole),
            }
        );
        return 0;
    }

    private sealed class Line : IProgress<ReferenceTableProgress>
    {
        /// <summary>Tells the test how far it is.</summary>
        public void Report(ReferenceTableProgress value) => Console.WriteLine(value.SamplesDone.ToString(CultureInfo.InvariantCulture));
    }
}
