using System.Diagnostics;
using System.Globalization;
using VariationalBoN.Policies;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Pretrained;
using static TorchSharp.torch;

namespace VariationalBoN.Benchmarks;

/// <summary>
/// From a directory of GPT-2-small size (.5 GB in float32) to the first token, with the identity of the weights, and the memory that a
/// policy with its reference takes: <c>loading [read] [bfloat16] [threads=2] [directory=...]</c>; <c>read</c> reads the file instead of
/// mapping it. A directory that is not there is made, and a second run then measures a file that was not written a moment ago.
/// </summary>
internal static class LoadingTime
{
    private const int Prompt = 8;

    public static void Run(string[] settings)
    {
        string Setting(string name, string otherwise) =>
            settings.FirstOrDefault(setting => setting.StartsWith($"{name}=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? otherwise;
        ScalarType type = settings.Contains("bfloat16") ? ScalarType.BFloat16 : ScalarType.Float32;
        string directory = Setting("directory", Path.Combine(Path.GetTempPath(), $"loading-{type}"));
        if (!Directory.Exists(directory))
        {
            using var made = PretrainedCausalLm.Create(
                new Gpt2Config
                {
                    VocabularySize = 50257,
                    MaxLength = 1024,
                    Width = 768,
                    Layers = 12,
                    Heads = 12,
                },
                seed: 1
            );
            made.Save(directory, type);
            Console.WriteLine($"{directory} is made; run it again");
            return;
        }

        TorchRuntime.Require();
        set_num_threads(int.Parse(Setting("threads", "2"), CultureInfo.InvariantCulture));
        using (
            var warm = new Gpt2(
                new Gpt2Config
                {
                    VocabularySize = 50,
                    MaxLength = 16,
                    Width = 16,
                    Layers = 1,
                    Heads = 2,
                },
                seed: 1
            )
        )
            FirstToken(warm);
        var options = new PretrainedOptions { ElementType = type, MapWeights = !settings.Contains("read") };
        double before = Memory();
        var whole = Stopwatch.StartNew();
        using var model = Timed("load with the check of every weight", () => PretrainedCausalLm.Load(directory, options));
        ModelIdentity identity = Timed("identity", () => ModuleFingerprint.Of(model.Model));
        Timed("first token", () => FirstToken(model.Model));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"directory to first token: {whole.Elapsed.TotalSeconds:F3} s"));
        Timed("second token from its prompt", () => FirstToken(model.Model));
        double one = Memory() - before;
        using (var again = Timed("load again", () => PretrainedCausalLm.Load(directory, options)))
            Debug.Assert(ModuleFingerprint.Of(again.Model) == identity, "The same file has the same identity.");
        using var reference = Timed("frozen copy", () => model.WithReference(tokenizer: new IdTokenizer(model.Model.VocabularySize)));
        var completion = new Completion
        {
            Prompt = "",
            Text = "",
            PromptTokens = [1, 2],
            Tokens = [3],
        };
        Timed("score by the copy", () => reference.Reference.LogProbValues([completion]));
        double both = Memory() - before;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"memory (proportional): one {one:F2} GiB, policy and reference {both:F2} GiB, {both / one:F2} times"
            )
        );
    }

    private static bool FirstToken(CausalTransformer model)
    {
        using var noGradient = no_grad();
        using var tokens = tensor(Enumerable.Range(0, Prompt).Select(i => (long)i).ToArray(), [1, Prompt]);
        using var decoding = model.StartDecoding(tokens, [Prompt], 1, out Tensor logits);
        using (logits)
            return logits.argmax().item<long>() >= 0;
    }

    private static T Timed<T>(string what, Func<T> act)
    {
        TimeSpan used = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        T result = act();
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what}: {clock.Elapsed.TotalSeconds:F3} s, processor {(Environment.CpuUsage.TotalTime - used).TotalSeconds:F3} s"
            )
        );
        return result;
    }

    /// <summary>The proportional set size in GiB: a page that so many mappings share counts by its share in each.</summary>
    private static double Memory() =>
        double.Parse(
            File.ReadLines("/proc/self/smaps_rollup")
                .First(line => line.StartsWith("Pss:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        ) / (1 << 20);
}
