using System.Collections.Immutable;
using SentimentControl.Datasets.Austen;
using SentimentControl.Reporting;
using VariationalBoN.Experiments.Pretraining;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;

namespace SentimentControl.Tests.Experiments;

[Trait("Tier", "torch")]
public sealed class LanguageModelPretrainingTests : IDisposable
{
    private const int Vocabulary = 11;

    private static readonly PretrainingSettings s_settings = new()
    {
        Model = new Gpt2Config
        {
            VocabularySize = Vocabulary,
            MaxLength = 8,
            Width = 8,
            Layers = 1,
            Heads = 2,
        },
        Epochs = 2,
        SegmentsPerStep = 4,
        SegmentsPerBucket = 8,
        WarmUp = 2,
        CheckpointEvery = 2,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_run_that_was_stopped_goes_on_and_ends_with_the_weights_of_one_that_was_not()
    {
        string whole = Run("whole", new StringWriter(), default);
        using var stop = new CancellationTokenSource();
        var output = new StopAt("pass 1 of 2", stop);
        Assert.ThrowsAny<OperationCanceledException>(() => Run("parts", output, stop.Token));
        var second = new StringWriter();
        string parts = Run("parts", second, default);

        Assert.Contains("goes on after step 5 of 10", second.ToString(), StringComparison.Ordinal);
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(whole, "model.safetensors")),
            File.ReadAllBytes(Path.Combine(parts, "model.safetensors"))
        );
        Assert.Equal(Losses(whole), Losses(parts));
    }

    private string Run(string name, TextWriter output, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(_folder, name);
        Directory.CreateDirectory(folder);
        List<int[]> texts =
        [
            .. Enumerable.Range(0, 20).Select(i => Enumerable.Range(0, 3 + (i % 5)).Select(t => (i + (t * t)) % Vocabulary).ToArray()),
        ];
        LanguageModelPretraining.Run(
            folder,
            s_settings,
            texts,
            new AustenHeldOutText(texts, new Letters()),
            new RunProgress(output, false),
            cancellationToken
        );
        return folder;
    }

    /// <summary>training.csv without its seconds.</summary>
    private static IEnumerable<string> Losses(string folder) =>
        File.ReadLines(Path.Combine(folder, "training.csv"))
            .Select(line => string.Join(',', line.Split(',').Where((_, column) => column != 1)));

    /// <summary>Cancels when a line says so.</summary>
    private sealed class StopAt(string text, CancellationTokenSource stop) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            if (value!.Contains(text, StringComparison.Ordinal))
                stop.Cancel();
            base.WriteLine(value);
        }
    }

    private sealed class Letters : ITokenizer
    {
        public VariationalBoN.ModelIdentity Identity => "letters";

        public int VocabularySize => Vocabulary;

        public ImmutableArray<int> Encode(string text) => [.. text.Select(c => c - 'a')];

        public string Decode(IReadOnlyList<int> tokens) => string.Concat(tokens.Select(token => (char)('a' + token)));
    }
}
