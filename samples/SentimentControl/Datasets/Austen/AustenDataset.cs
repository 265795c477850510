using System.Collections.Immutable;
using System.Globalization;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Guidance;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;

namespace SentimentControl.Datasets.Austen;

/// <summary>Jane Austen's six novels: real English, a pre-trained byte-pair model, and the novels' own quotation marks as labels.</summary>
/// <remarks>The judge tells dialogue from narration by words alone;
/// the quotation marks are hidden from it and from the language model.</remarks>
internal sealed class AustenDataset : IDataset
{
    private static readonly ValueHeadOptions s_head = new() { Epochs = 4 }; // 12 come no nearer
    private static readonly GuidanceOptions s_guidance = new() { TopTokens = 256 }; // 48 hold too little of what real English may say
    private const int TrainPromptCount = 256,
        HeldOutPromptCount = 64,
        MeasuredTexts = 512,
        SmallestCount = 5;
    private readonly List<AustenSegment> _segments = AustenSegmenter.Segment(AustenNovels.Load());

    public AustenDataset()
    {
        string[] prompts = AustenPrompts.From(_segments);
        TrainPrompts = prompts[..TrainPromptCount];
        HeldOutPrompts = prompts[TrainPromptCount..(TrainPromptCount + HeldOutPromptCount)];
        Tokenizer = AustenVocabulary.Load(AustenFiles.Checkpoint);
        ModelConfig = Gpt2Config.Load(Path.Combine(AustenFiles.Checkpoint, "config.json"));
    }

    public string Name => "austen";

    public ITokenizer Tokenizer { get; }

    public Gpt2Config ModelConfig { get; }

    public ImmutableArray<int> StopTokens => [Tokenizer.VocabularySize - 1];

    public int MaxNewTokens => 40;

    public IReadOnlyList<string> TrainPrompts { get; }

    public IReadOnlyList<string> HeldOutPrompts { get; }

    public RunSettings Settings(bool quick) =>
        quick
            ? new RunSettings
            {
                ReferenceSteps = 0,
                SamplesPerPrompt = 32,
                Steps = 24,
                PromptsPerStep = 8,
                LearningRate = 4e-4,
                TrainPrompts = 32,
                HeldOutPrompts = 16,
                EvaluationCompletions = 16,
                Head = s_head,
                Guidance = s_guidance,
            }
            : new RunSettings
            {
                ReferenceSteps = 0,
                SamplesPerPrompt = 128,
                Steps = 120,
                LearningRate = 1e-4,
                TrainPrompts = TrainPromptCount,
                HeldOutPrompts = 48,
                EvaluationCompletions = 64,
                Head = s_head,
                Guidance = s_guidance,
            };

    /// <inheritdoc/>
    /// <remarks>Loads the checkpoint that benchmarks/VariationalBoN.Experiments made; seed and number of steps play no part.</remarks>
    public ReferenceModel ObtainReference(
        RunSettings settings,
        long seed,
        torch.Device device,
        IProgress<double> progress,
        CancellationToken cancellationToken
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        var model = new Gpt2(ModelConfig, seed);
        Safetensors.Load(Path.Combine(AustenFiles.Checkpoint, "model.safetensors"), model);
        model.to(device);
        model.eval();
        progress.Report(0.5);
        var measured = _segments.Where(segment => segment.HeldOut).Take(MeasuredTexts);
        var heldOut = new AustenHeldOutText(AustenHeldOutText.Tokens(measured, Tokenizer, ModelConfig.MaxLength), Tokenizer);
        (double nats, double bits) = heldOut.Measure(model);
        progress.Report(1);
        string quality = string.Create(
            CultureInfo.InvariantCulture,
            $"{model.parameters().Sum(p => p.numel()):N0} parameters, held-out {nats:0.000} nats per token, {bits:0.000} bits per byte"
        );
        return new ReferenceModel(model.Freeze(), quality, nats);
    }

    public TrainedReward TrainReward(long seed, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var classifier = WordPairClassifier.Fit(
            Labelled(heldOut: false),
            SmallestCount,
            (int)(seed % int.MaxValue),
            progress,
            cancellationToken
        );
        double accuracy = classifier.Accuracy(Labelled(heldOut: true));
        string identity = string.Create(
            CultureInfo.InvariantCulture,
            $"austen: logit of dialogue against narration, logistic regression on words and pairs of words, seed {seed}"
        );
        string description = string.Create(
            CultureInfo.InvariantCulture,
            $"logit of dialogue against narration, logistic regression on {classifier.FeatureCount:N0} words and pairs of words"
        );
        return new TrainedReward(new ClassifierReward(text => classifier.Logit(AustenWords.Of(text)), identity), accuracy, description);
    }

    public void SaveVocabulary(string directory)
    {
        foreach (string file in new[] { "vocab.json", "merges.txt" })
            File.Copy(Path.Combine(AustenFiles.Checkpoint, file), Path.Combine(directory, file), overwrite: true);
    }

    public ITokenizer LoadVocabulary(string directory) => AustenVocabulary.Load(directory);

    /// <summary>What the judge learns from and is tested on: the words of every segment that is all dialogue or all narration.</summary>
    internal List<(string Text, bool Label)> Labelled(bool heldOut) =>
        [
            .. _segments
                .Where(segment => segment.HeldOut == heldOut && segment.Kind != SegmentKind.Mixed)
                .Select(segment => (AustenWords.Of(segment.Text), segment.Kind == SegmentKind.Dialogue)),
        ];
}

/// <summary>Prompts: how sentences of the held-out chapters begin. Stateless, thread-safe.</summary>
internal static class AustenPrompts
{
    /// <summary>The number of words in a prompt.</summary>
    public const int Words = 2;

    /// <summary>Different beginnings in a fixed shuffled order.</summary>
    /// <param name="segments">All segments; those of held-out chapters that begin a sentence are used.</param>
    /// <returns>The prompts, no string twice.</returns>
    public static string[] From(IEnumerable<AustenSegment> segments)
    {
        string[] beginnings =
        [
            .. segments
                .Where(segment => segment is { HeldOut: true, StartsSentence: true, Kind: not SegmentKind.Mixed })
                .Select(segment => string.Join(' ', segment.Text.Split(' ').Take(Words)))
                .Where(beginning => beginning.All(character => char.IsLetter(character) || character == ' '))
                .Distinct(),
        ];
        return [.. beginnings.OrderBy(beginning => new CounterRandom(new DrawSeed(0), beginning, 0).Uniform(0))];
    }
}
