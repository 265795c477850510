using VariationalBoN;
using VariationalBoN.Rewards;

namespace SentimentControl.Datasets;

/// <summary>Logistic regression on words and pairs of neighbouring words:
/// P(label | text) = 1 / (1 + exp(-logit)). Immutable, thread-safe.</summary>
internal sealed class WordPairClassifier
{
    private const int BatchSize = 64,
        Passes = 4;
    private const double LearningRate = 0.02,
        Decay = 2e-4;
    private readonly Dictionary<string, int> _features;
    private readonly double[] _weights;
    private readonly double _bias;

    private WordPairClassifier(Dictionary<string, int> features, double[] weights)
    {
        _features = features;
        _weights = weights;
        _bias = weights[^1];
    }

    /// <summary>The number of words and pairs that it knows.</summary>
    public int FeatureCount => _features.Count;

    /// <summary>Fits by Adam on the mean cross-entropy plus half the squared weights times 2e-4.</summary>
    /// <param name="texts">Labelled texts, words one space apart.</param>
    /// <param name="smallestCount">Features that stand in fewer texts are left out.</param>
    /// <param name="seed">Seed of the order of the texts.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    public static WordPairClassifier Fit(
        IReadOnlyList<(string Text, bool Label)> texts,
        int smallestCount,
        int seed,
        IProgress<double> progress,
        CancellationToken cancellationToken
    )
    {
        var features = texts
            .SelectMany(t => Features(t.Text).Distinct())
            .GroupBy(feature => feature)
            .Where(group => group.Count() >= smallestCount)
            .Select(group => group.Key)
            .Order(StringComparer.Ordinal)
            .Select((feature, index) => (feature, index))
            .ToDictionary(pair => pair.feature, pair => pair.index);
        int[][] rows = [.. texts.Select(t => Known(features, t.Text))];
        double[] weights = new double[features.Count + 1],
            mean = new double[weights.Length],
            square = new double[weights.Length];
        int[] order = [.. Enumerable.Range(0, texts.Count)];
        var random = new Random(seed);
        int batches = texts.Count / BatchSize,
            step = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            random.Shuffle(order);
            for (int batch = 0; batch < batches; batch++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                double[] gradient = Gradient(order.AsSpan(batch * BatchSize, BatchSize), texts, rows, weights);
                double rate = LearningRate * (1 - ((double)step / (Passes * batches)));
                Adam(++step, rate, gradient, weights, mean, square);
                progress.Report((double)step / (Passes * batches));
            }
        }

        return new WordPairClassifier(features, weights);
    }

    /// <summary>log P(label) - log(1 - P(label)), in nats.</summary>
    public double Logit(string text) => _bias + Known(_features, text).Sum(feature => _weights[feature]);

    /// <summary>The share of texts whose label the sign of the logit tells.</summary>
    public double Accuracy(IReadOnlyList<(string Text, bool Label)> texts) => texts.Average(t => Logit(t.Text) > 0 == t.Label ? 1.0 : 0.0);

    private static double[] Gradient(
        ReadOnlySpan<int> batch,
        IReadOnlyList<(string Text, bool Label)> texts,
        int[][] rows,
        double[] weights
    )
    {
        double[] gradient = Array.ConvertAll(weights, weight => Decay * weight);
        gradient[^1] = 0;
        foreach (int i in batch)
        {
            double logit = weights[^1];
            foreach (int feature in rows[i])
                logit += weights[feature];
            double error = ((1 / (1 + Math.Exp(-logit))) - (texts[i].Label ? 1 : 0)) / batch.Length;
            foreach (int feature in rows[i])
                gradient[feature] += error;
            gradient[^1] += error;
        }

        return gradient;
    }

    private static void Adam(int step, double rate, double[] gradient, double[] weights, double[] mean, double[] square)
    {
        double meanScale = 1 - Math.Pow(0.9, step),
            squareScale = 1 - Math.Pow(0.999, step);
        for (int i = 0; i < weights.Length; i++)
        {
            mean[i] += 0.1 * (gradient[i] - mean[i]);
            square[i] += 0.001 * ((gradient[i] * gradient[i]) - square[i]);
            weights[i] -= rate * (mean[i] / meanScale) / (Math.Sqrt(square[i] / squareScale) + 1e-8);
        }
    }

    private static int[] Known(Dictionary<string, int> features, string text) =>
        [.. Features(text).Select(feature => features.GetValueOrDefault(feature, -1)).Where(index => index >= 0)];

    private static IEnumerable<string> Features(string text)
    {
        string? previous = null;
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            yield return word;
            if (previous is not null)
                yield return $"{previous} {word}";
            previous = word;
        }
    }
}

/// <summary>A judge that reads prompt and completion as one text and returns a classifier's logit. Immutable, thread-safe.</summary>
/// <param name="logit">The logit of a text.</param>
/// <param name="identity">Tells this judge from others: the data and the seed that it was trained on.</param>
internal sealed class ClassifierReward(Func<string, double> logit, string identity) : IRewardModel
{
    public ModelIdentity Identity => identity;

    public Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<RewardScores>([.. completions.Select(completion => logit(completion.Prompt.Text + completion.Text))]);
    }
}
