using System.Collections.Immutable;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>Makes reward models of classifiers. Stateless, thread-safe;
/// a model is thread-safe as long as no thread changes the classifier's parameters or mode.</summary>
/// <remarks>
/// A batch is scored where it is asked for, on the device of the parameters and without gradients, its sequences sorted by length; equal
/// sequences of a batch are read once and have equal rewards. Between batches the same sequence may differ by rounding (about 1e-6 of the
/// largest logit in float32), so that what was a tie within a batch is a random order across batches: harmless to ranks of real texts, but
/// round the reward where ties are the rule. The identity holds the fingerprint of the weights
/// at the call that makes the model: make a new one after changing them.
/// </remarks>
public static class ClassifierReward
{
    /// <summary>Rewards the text of a completion: r(x, y) is the logit, or log-probability, of one label.</summary>
    /// <param name="classifier">The classifier, in evaluation mode; it stays the caller's.</param>
    /// <param name="encode">A text and the most tokens to the token ids,
    /// special tokens included and kept when the text is cut; must be thread-safe.</param>
    /// <param name="options">Which label and which text; null for the defaults, which a classifier of one label accepts.</param>
    /// <returns>The reward model; it throws where the classifier is in training mode or
    /// a text has no tokens or some outside the vocabulary.</returns>
    /// <exception cref="ArgumentException">The options do not fit the classifier; the message names every fault.</exception>
    public static IRewardModel FromText(
        SequenceClassifier classifier,
        Func<string, int, ImmutableArray<int>> encode,
        ClassifierRewardOptions? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(encode);
        options ??= new ClassifierRewardOptions();
        int label = options.Validate(classifier, text: true);
        var format = options.Format ?? (completion => completion.Prompt.Text + completion.Text);
        return Create(
            classifier,
            (completion, most) => encode(format(completion), most),
            options,
            label,
            $"text: {options.FormatName ?? "prompt and completion"}"
        );
    }

    /// <summary>Rewards what a function makes of a completion,
    /// such as a conversation with its answer by the classifier's own chat template.</summary>
    /// <param name="classifier">The classifier, in evaluation mode; it stays the caller's.</param>
    /// <param name="encode">A completion and the most tokens to the token ids; must be thread-safe.</param>
    /// <param name="reads">Tells the function from others, such as the identity of a tokenizer of conversations.</param>
    /// <param name="options">Which label; null for the defaults, which a classifier of one label accepts.</param>
    /// <returns>The reward model; it throws where the classifier is in training mode or a
    /// completion has no tokens or some outside the vocabulary.</returns>
    /// <exception cref="ArgumentException">The options do not fit the classifier; the message names every fault.</exception>
    internal static IRewardModel FromCompletions(
        SequenceClassifier classifier,
        Func<Completion, int, ImmutableArray<int>> encode,
        ModelIdentity reads,
        ClassifierRewardOptions? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(encode);
        ArgumentNullException.ThrowIfNull(reads);
        options ??= new ClassifierRewardOptions();
        return Create(classifier, encode, options, options.Validate(classifier, text: false), reads);
    }

    /// <summary>Rewards the token ids of a completion behind those of its prompt, a final stop token included:
    /// for a classifier with the policy's own tokenizer.</summary>
    /// <param name="classifier">The classifier, in evaluation mode; it stays the caller's.</param>
    /// <param name="options">Which label; null for the defaults, which a classifier of one label accepts.</param>
    /// <returns>The reward model; it throws where the classifier is in training mode or a
    /// completion has no tokens or some outside the vocabulary.</returns>
    /// <exception cref="ArgumentException">The options do not fit the classifier; the message names every fault.</exception>
    public static IRewardModel FromTokens(SequenceClassifier classifier, ClassifierRewardOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(classifier);
        options ??= new ClassifierRewardOptions();
        int label = options.Validate(classifier, text: false);
        return Create(classifier, Tokens, options, label, "tokens: prompt and completion");
    }

    private static ImmutableArray<int> Tokens(Completion completion, int most)
    {
        if (completion.Tokens.IsDefaultOrEmpty || completion.PromptTokens.IsDefault)
            throw new InvalidOperationException(
                $"The completion has no token ids: it comes from a policy without tokens, or from a table that kept the text alone. Score "
                    + $"its text with {nameof(FromText)}."
            );
        int prompt = Math.Min(most, completion.PromptTokens.Length);
        return
        [
            .. completion.PromptTokens.AsSpan(0, prompt),
            .. completion.Tokens.AsSpan(0, Math.Min(most - prompt, completion.Tokens.Length)),
        ];
    }

    private static IRewardModel Create(
        SequenceClassifier classifier,
        Func<Completion, int, ImmutableArray<int>> encode,
        ClassifierRewardOptions options,
        int label,
        IdentityValue what
    )
    {
        int most = options.MaxLength ?? classifier.MaxLength;
        var scoring = new ClassifierScoring(classifier, encode, options, label, most);
        var identity = new ModelIdentity(
            "classifier",
            ("module", ModuleFingerprint.Of(classifier)),
            ("output", options.Output.ToString()),
            ("label", $"{label} {classifier.Labels[label]}"),
            ("reads", what),
            ("max tokens", most),
            ("beyond", options.OnTooLong.ToString())
        );
        return RewardModel.FromBatch(
            (completions, cancellationToken) => Task.FromResult<RewardScores>(scoring.Score(completions, cancellationToken)),
            identity
        );
    }
}
