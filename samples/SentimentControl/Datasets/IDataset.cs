using System.Collections.Immutable;
using SentimentControl.Datasets.Austen;
using SentimentControl.Datasets.Reviews;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;

namespace SentimentControl.Datasets;

/// <summary>What the run needs of a dataset: text as tokens, a language model to start from, a judge, and prompts.</summary>
/// <remarks>The text and the prompts are the same for every seed; what is trained depends on the seed it is given.</remarks>
internal interface IDataset
{
    /// <summary>The name that <c>--dataset</c> takes.</summary>
    string Name { get; }

    /// <summary>Text to token ids and back.</summary>
    ITokenizer Tokenizer { get; }

    /// <summary>The shape of the language model: every method fine-tunes a copy of this network.</summary>
    Gpt2Config ModelConfig { get; }

    /// <summary>Tokens that end a completion.</summary>
    ImmutableArray<int> StopTokens { get; }

    /// <summary>The most tokens of a completion.</summary>
    int MaxNewTokens { get; }

    /// <summary>Prompts that methods train on; no string occurs twice.</summary>
    IReadOnlyList<string> TrainPrompts { get; }

    /// <summary>Prompts that the numbers are measured on; none is a training prompt.</summary>
    IReadOnlyList<string> HeldOutPrompts { get; }

    /// <summary>The default sizes of the run.</summary>
    /// <param name="quick">True for <c>--quick</c>: within the time that its help says.</param>
    RunSettings Settings(bool quick);

    /// <summary>Trains the reference language model, or loads the one that comes with the program.</summary>
    /// <param name="settings">The settings of this run.</param>
    /// <param name="seed">Seed of the initial weights and the batches.</param>
    /// <param name="device">Where the model is to live.</param>
    /// <param name="progress">Told the share that is done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <returns>The model, the caller's to dispose, in evaluation mode.</returns>
    ReferenceModel ObtainReference(
        RunSettings settings,
        long seed,
        torch.Device device,
        IProgress<double> progress,
        CancellationToken cancellationToken
    );

    /// <summary>Trains the judge, or loads it.</summary>
    /// <param name="seed">Seed of the training order.</param>
    /// <param name="progress">Told the share that is done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops between passes.</param>
    /// <returns>The judge with its accuracy on labelled text that it was not trained on.</returns>
    TrainedReward TrainReward(long seed, IProgress<double> progress, CancellationToken cancellationToken);

    /// <summary>Writes the vocabulary files beside saved weights.</summary>
    /// <param name="directory">An existing folder.</param>
    void SaveVocabulary(string directory);

    /// <summary>Reads what <see cref="SaveVocabulary"/> wrote.</summary>
    /// <param name="directory">A folder with saved weights.</param>
    /// <exception cref="InvalidDataException">A file is damaged; the message names it.</exception>
    ITokenizer LoadVocabulary(string directory);
}

/// <summary>The language model that everything starts from.</summary>
/// <param name="Model">The network, in evaluation mode.</param>
/// <param name="Quality">One line for the reader, such as "held-out 1.207 nats per token after 500 steps".</param>
/// <param name="HeldOutLoss">Mean cross-entropy on held-out text in nats per token.</param>
internal sealed record ReferenceModel(Gpt2 Model, string Quality, double HeldOutLoss);

/// <summary>The judge.</summary>
/// <param name="Model">r(x, y).</param>
/// <param name="HeldOutAccuracy">Share of held-out labelled texts that it classifies rightly, 0 to 1.</param>
/// <param name="Description">One line for the reader, such as "logit of a logistic regression on words and pairs of words".</param>
internal sealed record TrainedReward(IRewardModel Model, double HeldOutAccuracy, string Description);

/// <summary>The datasets by name. Stateless.</summary>
internal static class DatasetCatalog
{
    private static readonly (string Name, Func<IDataset> Create)[] Entries =
    [
        ("reviews", () => new ReviewDataset()),
        ("austen", () => new AustenDataset()),
    ];

    public static string[] Names => [.. Entries.Select(entry => entry.Name)];

    public static IDataset Create(string name) => Entries.First(entry => entry.Name == name).Create();
}
