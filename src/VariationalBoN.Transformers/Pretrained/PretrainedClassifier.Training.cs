using System.Collections.Immutable;
using TorchSharp.Modules;
using VariationalBoN.Internal;
using VariationalBoN.Rewards;
using VariationalBoN.Transformers.Chat;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Lora;
using VariationalBoN.Transformers.Pretrained;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers;

public sealed partial class PretrainedClassifier
{
    /// <summary>What adapters were put on, which stands on the same weights; null without adapters.</summary>
    private DecoderClassifier? _start;

    /// <summary>The parameters that train, for an optimizer: those that require a gradient,
    /// in the order of the classifier; none before <see cref="MakeTrainable"/>.</summary>
    public IReadOnlyList<Parameter> Parameters => [.. Classifier.parameters().Where(parameter => parameter.requires_grad)];

    /// <summary>Lets the classifier train: all weights, or adapters on the layers of a decoder and the head.</summary>
    /// <remarks>
    /// Weights that train are float32, so that no step is rounded away: load others with <see cref="PretrainedOptions.ElementType"/>
    /// Float32. With adapters the weights below them stay frozen and may be
    /// bfloat16; <see cref="Classifier"/> is the adapted one afterwards, on the same memory. Reward models made before keep the classifier
    /// as it was made for them: make new ones after training.
    /// </remarks>
    /// <param name="lora">Which layers get adapters; null to train all weights.</param>
    /// <param name="seed">Fixes the first values of the adapters.</param>
    /// <exception cref="ArgumentException">An option is faulty or chooses no layer,
    /// or the classifier is no decoder, which alone takes adapters.</exception>
    /// <exception cref="InvalidOperationException">It has adapters already; or all weights were to train and are of 16 bits.</exception>
    public void MakeTrainable(LoraOptions? lora = null, long seed = 0)
    {
        if (_start is not null)
            throw new InvalidOperationException("The classifier has adapters already. Save it, which merges them, and load it again.");
        if (lora is null)
        {
            var type = Classifier.parameters().First().dtype;
            if (type is not (ScalarType.Float32 or ScalarType.Float64))
                throw new InvalidOperationException(
                    $"The weights are {type}, in which steps of training are rounded away. Load them as "
                        + "Float32 (PretrainedOptions.ElementType), or train adapters."
                );
            foreach (var parameter in Classifier.parameters())
                parameter.requires_grad = true;
            return;
        }

        if (Classifier is not DecoderClassifier start)
            throw new ArgumentException(
                $"{Classifier.GetName()} is an encoder; adapters are for decoders. Train all its weights.",
                nameof(lora)
            );
        var head = new MergedParameters(start, promote_types(start.parameters().Last().dtype, ScalarType.Float32));
        Classifier = new DecoderClassifier(start.Config, start.Trunk.WithLora(lora, seed), head);
        Classifier.eval();
        _start = start;
    }

    /// <summary>The logits of completions, read as <see cref="TextReward"/> reads them, with gradient: for
    /// <c>RewardModelLoss.CrossEntropy</c>.</summary>
    /// <param name="completions">B completions, at least one.</param>
    /// <param name="options">Which text, and how many rows a pass takes;
    /// null for the defaults. The label and the output are not used.</param>
    /// <param name="chat">What reads conversations; null for <see cref="Chat"/> where the directory has a chat template.</param>
    /// <returns>A fresh tensor [B, labels], the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">There is no completion, or an option is faulty.</exception>
    /// <exception cref="InvalidOperationException">The directory has no tokenizer,
    /// or a completion cannot be read; the message shows it.</exception>
    public Tensor Logits(IReadOnlyList<Completion> completions, ClassifierRewardOptions? options = null, ChatTokenizer? chat = null)
    {
        ArgumentNullException.ThrowIfNull(completions);
        if (completions.Count == 0)
            throw new ArgumentException("There is no completion to read; give at least one.", nameof(completions));
        (options, var encode) = Reading(options, chat);
        return new ClassifierScoring(Classifier, encode, options, label: 0, options.MaxLength ?? Classifier.MaxLength).Logits(completions);
    }

    /// <summary>Counts the pairs whose two answers are read as the same tokens, because both are cut at the
    /// maximum length before they differ. Nothing can be learned from them; check this before training.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="options">As for <see cref="Logits"/>.</param>
    /// <param name="chat">As for <see cref="Logits"/>.</param>
    /// <returns>0 to the number of pairs.</returns>
    /// <exception cref="ArgumentException">An option is faulty.</exception>
    /// <exception cref="InvalidOperationException">The directory has no tokenizer,
    /// or an answer cannot be read; the message shows it.</exception>
    public int CountReadAlike(IReadOnlyList<PreferencePair> pairs, ClassifierRewardOptions? options = null, ChatTokenizer? chat = null)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        (options, var encode) = Reading(options, chat);
        int most = options.MaxLength ?? Classifier.MaxLength;
        return pairs.Count(pair =>
            encode(pair.ChosenCompletion, most).AsSpan().SequenceEqual(encode(pair.RejectedCompletion, most).AsSpan())
        );
    }

    /// <summary>The rewards of the answers of pairs, with gradient: for <c>RewardModelLoss.BradleyTerry</c>.</summary>
    /// <remarks>A text that is too long loses its end, which is the answer: <see cref="CountReadAlike"/>
    /// counts the pairs whose answers then no longer differ, so that their gradient is 0.</remarks>
    /// <param name="pairs">P pairs, at least one; the classifier has one label.</param>
    /// <param name="options">As for <see cref="Logits"/>.</param>
    /// <param name="chat">As for <see cref="Logits"/>.</param>
    /// <returns>Two fresh tensors [P], the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">There is no pair, an option is faulty, the classifier has more than one label,
    /// or answers of a pair are to different prompts.</exception>
    /// <exception cref="InvalidOperationException">The directory has no tokenizer,
    /// or an answer cannot be read; the message shows it.</exception>
    public (Tensor Chosen, Tensor Rejected) PairRewards(
        IReadOnlyList<PreferencePair> pairs,
        ClassifierRewardOptions? options = null,
        ChatTokenizer? chat = null
    )
    {
        ArgumentNullException.ThrowIfNull(pairs);
        PreferencePair[] read = [.. pairs];
        if (read.Length == 0)
            throw new ArgumentException("There is no pair to read; give at least one.", nameof(pairs));
        if (Classifier.Labels.Length != 1)
            throw new ArgumentException(
                $"The classifier has {Classifier.Labels.Length} labels "
                    + $"({string.Join(", ", Classifier.Labels)}); pairs train one that has a single one.",
                nameof(pairs)
            );
        int mismatched = Array.FindIndex(read, pair => pair.OtherPrompt is not null);
        if (mismatched >= 0)
            throw new ArgumentException(
                $"The answers of pair {mismatched} are to different prompts, "
                    + $"{Shown.Quoted(read[mismatched].Prompt.Canonical)} and {Shown.Quoted(read[mismatched].OtherPrompt!.Canonical)}; "
                    + $"leave "
                    + "it out (PreferenceDataReport).",
                nameof(pairs)
            );
        using var scope = NewDisposeScope();
        var rewards = Logits(
                [.. read.Select(pair => pair.ChosenCompletion), .. read.Select(pair => pair.RejectedCompletion)],
                options,
                chat
            )
            .select(1, 0); // [2 P]
        return (
            rewards.narrow(0, 0, read.Length).MoveToOuterDisposeScope(),
            rewards.narrow(0, read.Length, read.Length).MoveToOuterDisposeScope()
        );
    }

    private (ClassifierRewardOptions Options, Func<Completion, int, ImmutableArray<int>> Encode) Reading(
        ClassifierRewardOptions? options,
        ChatTokenizer? chat
    )
    {
        options = (options ?? new ClassifierRewardOptions()) with { Label = null, LabelIndex = 0, Output = ClassifierOutput.Logit };
        _ = options.Validate(Classifier, text: true);
        var tokenizer = Tokenizer;
        var format = options.Format ?? (completion => completion.Prompt.Text + completion.Text);
        return (
            options,
            Reader(options, chat) is ConversationReader reader
                ? reader.Encode
                : (completion, most) => tokenizer.Encode(format(completion), addSpecialTokens: true, most)
        );
    }

    /// <summary>A plain classifier of the same numbers; null where there are no adapters.</summary>
    private DecoderClassifier? Merged()
    {
        if (_start is null)
            return null;
        var adapted = (DecoderClassifier)Classifier;
        var trunk = adapted.Trunk.MergeLora();
        return new DecoderClassifier(adapted.Config, trunk, new MergedParameters(adapted, trunk.ElementType));
    }
}
