using System.Collections.Immutable;
using System.Globalization;
using SampleReviews;
using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;

namespace SentimentControl.Datasets.Reviews;

/// <summary>Short film reviews of this project's own grammar: synthetic text, so that labels and quantity cost nothing.</summary>
internal sealed class ReviewDataset : IDataset
{
    private const int PromptTokens = 3,
        BatchSize = 52,
        TrainTexts = 26_000,
        HeldOutTexts = 2_000,
        LabelledTexts = 20_000,
        LongestText = 32;
    private const string VocabularyFile = "vocabulary.txt";
    private readonly WordTokenizer _tokenizer = new(ReviewWords.Vocabulary);

    public ReviewDataset()
    {
        string[] prompts = [.. Prompts(seed: 1).Distinct().Take(144)];
        TrainPrompts = prompts[..96];
        HeldOutPrompts = prompts[96..];
        ModelConfig = new Gpt2Config
        {
            VocabularySize = _tokenizer.VocabularySize,
            MaxLength = LongestText,
            Width = 48,
            Layers = 1,
            Heads = 4,
            Activation = "relu",
        };
    }

    public string Name => "reviews";

    public ITokenizer Tokenizer => _tokenizer;

    public Gpt2Config ModelConfig { get; }

    public ImmutableArray<int> StopTokens => [WordTokenizer.EndOfText];

    public int MaxNewTokens => 24;

    public IReadOnlyList<string> TrainPrompts { get; }

    public IReadOnlyList<string> HeldOutPrompts { get; }

    public RunSettings Settings(bool quick) =>
        quick
            ? new RunSettings
            {
                ReferenceSteps = 400,
                SamplesPerPrompt = 128,
                Steps = 80,
                TrainPrompts = 48,
                HeldOutPrompts = 24,
                EvaluationCompletions = 32,
            }
            : new RunSettings
            {
                ReferenceSteps = 500,
                SamplesPerPrompt = 256,
                Steps = 150,
                ValuedSteps = 3,
                TrainPrompts = 96,
                HeldOutPrompts = 48,
                EvaluationCompletions = 64,
            };

    public ReferenceModel ObtainReference(
        RunSettings settings,
        long seed,
        torch.Device device,
        IProgress<double> progress,
        CancellationToken cancellationToken
    )
    {
        int[][] texts = Texts(seed: 2, TrainTexts),
            heldOut = Texts(seed: 3, HeldOutTexts);
        var model = new Gpt2(ModelConfig, seed);
        model.to(device);
        var random = new Random((int)(seed % int.MaxValue));
        LanguageModelTraining.Train(
            model,
            _ => random.GetItems(texts, BatchSize),
            settings.ReferenceSteps,
            learningRate: 4e-3,
            warmUp: 30,
            progress,
            cancellationToken
        );
        double loss = LanguageModelTraining.HeldOutLoss(model, heldOut);
        return new ReferenceModel(
            model.Freeze(),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{model.parameters().Sum(p => p.numel()):N0} parameters, {settings.ReferenceSteps} steps, held-out {loss:0.000} nats per "
                    + $"token"
            ),
            loss
        );
    }

    public TrainedReward TrainReward(long seed, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var classifier = WordPairClassifier.Fit(
            Labelled(seed: 4, LabelledTexts),
            smallestCount: 5,
            (int)(seed % int.MaxValue),
            progress,
            cancellationToken
        );
        double accuracy = classifier.Accuracy(Labelled(seed: 5, HeldOutTexts));
        string identity = FormattableString.Invariant($"reviews: logit of a logistic regression on words and pairs of words, seed {seed}");
        return new TrainedReward(
            new ClassifierReward(classifier.Logit, identity),
            accuracy,
            FormattableString.Invariant($"logit of a logistic regression on {classifier.FeatureCount:N0} words and pairs of words")
        );
    }

    public void SaveVocabulary(string directory) => _tokenizer.Save(Path.Combine(directory, VocabularyFile));

    public ITokenizer LoadVocabulary(string directory) => WordTokenizer.Load(Path.Combine(directory, VocabularyFile));

    private static IEnumerable<Review> Reviews(int seed)
    {
        var grammar = new ReviewGrammar(seed);
        while (true)
            yield return grammar.Next();
    }

    private static IEnumerable<string> Prompts(int seed) =>
        Reviews(seed).Select(review => string.Join(' ', review.Text.Split(' ').Take(PromptTokens)));

    private static List<(string Text, bool Label)> Labelled(int seed, int count) =>
        [.. Reviews(seed).Where(review => review.Mood != 0).Take(count).Select(review => (review.Text, review.Mood > 0))];

    private int[][] Texts(int seed, int count) =>
        [
            .. Reviews(seed)
                .Take(count)
                .Select(review => _tokenizer.Encode(review.Text).Append(WordTokenizer.EndOfText).Take(LongestText).ToArray()),
        ];
}
