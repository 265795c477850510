using VariationalBoN.Transformers.Chat;
using VariationalBoN.Transformers.ChatTemplates;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Pretrained;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers;

/// <summary>
/// A sequence classifier with its tokenizer, loaded from a Hugging Face directory and saved as one: the usual way to get a reward model.
/// </summary>
/// <remarks>
/// Load one, or make one of a language model (<see cref="FromCausalLm"/>) and train it: <see cref="MakeTrainable"/>,
/// <see cref="PairRewards"/>, <see cref="Save"/>. It owns its classifier.
/// Several threads may use it at the same time as long as none changes the parameters.
/// </remarks>
public sealed partial class PretrainedClassifier : IDisposable
{
    private readonly PretrainedFiles _files;
    private readonly WeightLayout _layout;
    private readonly HuggingFaceTokenizer? _tokenizer;

    private PretrainedClassifier(PretrainedFiles files, SequenceClassifier classifier, WeightLayout layout)
    {
        (_files, Classifier, _layout) = (files, classifier, layout);
        classifier.eval();
        foreach (var parameter in classifier.parameters())
            parameter.requires_grad = false;
        _tokenizer = files.Tokenizer(classifier.VocabularySize);
    }

    /// <summary>The classifier; its parameters are frozen until <see cref="MakeTrainable"/>.</summary>
    public SequenceClassifier Classifier { get; private set; }

    /// <summary>Whether the directory has a tokenizer.</summary>
    public bool HasTokenizer => _tokenizer is not null;

    /// <summary>The tokenizer.</summary>
    /// <exception cref="InvalidOperationException">The directory has none; see <see cref="HasTokenizer"/>.</exception>
    public HuggingFaceTokenizer Tokenizer =>
        _tokenizer
        ?? throw new InvalidOperationException(
            "The classifier's directory has no tokenizer: none of tokenizer.json, vocab.json, vocab.txt and tokenizer.model."
        );

    /// <summary>Reads a classifier, its weights straight into its parameters, and its tokenizer.</summary>
    /// <param name="directory">The directory: of a BERT or DistilBERT classifier,
    /// or of a decoder with a scalar or other classification head.</param>
    /// <param name="options">Element type and device; null for float32 on the processor.</param>
    /// <returns>The classifier, in evaluation mode; the caller's to dispose.</returns>
    /// <exception cref="IOException">The directory or one of its files is missing or cannot be read; the message names it.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, asks for something that is not supported, or does not fit the others; the message names file and place.
    /// </exception>
    /// <exception cref="ArgumentException">The options are faulty.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public static PretrainedClassifier Load(string directory, PretrainedOptions? options = null)
    {
        options ??= new PretrainedOptions();
        if (options.MixedPrecision || options.RecomputeActivations)
        {
            string name = options.MixedPrecision ? nameof(options.MixedPrecision) : nameof(options.RecomputeActivations);
            throw new ArgumentException(
                $"{name} is on; it is an option of language models that train. A classifier scores in BFloat16 with "
                    + $"{nameof(options.ElementType)}.",
                nameof(options)
            );
        }

        var files = PretrainedFiles.Read(directory);
        using var weights = HuggingFaceWeights.Open(directory);
        var parameters = options.Parameters(weights);
        var classifier = files.ReadConfig(json => ClassifierFamilies.Create(json, parameters));
        try
        {
            return new PretrainedClassifier(
                files,
                classifier,
                HuggingFaceWeights.Load(weights, classifier, classifier.Names, options.Maps)
            );
        }
        catch
        {
            classifier.Dispose();
            throw;
        }
    }

    /// <summary>Whether the directory has a chat template.</summary>
    public bool HasChatTemplate => _files.HasChatTemplate;

    /// <summary>The tokenizer with the classifier's own chat template.</summary>
    /// <param name="options">What else the tokens depend on;
    /// null for the defaults without a generation prompt, since a judge reads a finished answer.</param>
    /// <returns>What <see cref="TextReward"/> reads conversations with.</returns>
    /// <exception cref="InvalidOperationException">The directory has no tokenizer.</exception>
    /// <exception cref="InvalidDataException">The directory has no chat template; the message says how one is given.</exception>
    /// <exception cref="ChatTemplateException">The template cannot be read.</exception>
    public ChatTokenizer Chat(ChatTokenizerOptions? options = null) =>
        new(Tokenizer, _files.ChatTemplate(), options ?? new ChatTokenizerOptions { AddGenerationPrompt = false });

    /// <summary>Rewards the text of a completion, tokenised as the classifier was trained to read it and cut to what it takes.</summary>
    /// <remarks>
    /// A prompt that is a conversation is read with the answer as its last message (<see cref="Prompt.Answered"/>), by the classifier's own
    /// chat template, whatever that of the policy is; a conversation that is too long loses its beginning, so that the answer stays. A
    /// template that cannot be read is an error only where a conversation is to be read. Where a
    /// <see cref="ClassifierRewardOptions.Format"/> is given, that makes the text of every completion.
    /// </remarks>
    /// <param name="options">Which label and which text; null for the defaults, which a classifier of one label accepts.</param>
    /// <param name="chat">What reads conversations; null for <see cref="Chat"/> where the directory has a chat template,
    /// and else conversations are refused.</param>
    /// <returns>The reward model, valid until this object is disposed of.</returns>
    /// <exception cref="ArgumentException">The options do not fit the classifier; the message names every fault and the labels.</exception>
    /// <exception cref="InvalidOperationException">The directory has no tokenizer; see <see cref="TokenReward"/>.</exception>
    public IRewardModel TextReward(ClassifierRewardOptions? options = null, ChatTokenizer? chat = null)
    {
        var tokenizer = Tokenizer;
        return Reader(options, chat) is ConversationReader reader
            ? ClassifierReward.FromCompletions(Classifier, reader.Encode, reader.Identity, options)
            : ClassifierReward.FromText(Classifier, (text, most) => tokenizer.Encode(text, addSpecialTokens: true, most), options);
    }

    /// <summary>Rewards the token ids of a completion behind those of its prompt:
    /// for a classifier with the tokenizer of the policy.</summary>
    /// <param name="options">Which label; null for the defaults, which a classifier of one label accepts.</param>
    /// <returns>The reward model, valid until this object is disposed of.</returns>
    /// <exception cref="ArgumentException">The options do not fit the classifier; the message names every fault and the labels.</exception>
    public IRewardModel TokenReward(ClassifierRewardOptions? options = null) => ClassifierReward.FromTokens(Classifier, options);

    /// <summary>Writes a directory as <see cref="PretrainedCausalLm.Save(string, ScalarType?)"/> does,
    /// adapters merged into the weights.</summary>
    /// <param name="directory">Path of the directory; a new one appears whole or not at all.</param>
    /// <param name="elementType">
    /// The element type of the weights in the files; null for that in memory,
    /// or for the wider of those of weights and adapters, so that nothing is rounded.
    /// </param>
    /// <exception cref="ArgumentException">The type is not one of floating-point numbers.</exception>
    /// <exception cref="IOException">A file cannot be written; what was there is unchanged.</exception>
    public void Save(string directory, ScalarType? elementType = null)
    {
        using var merged = Merged();
        _files.Save(directory, merged ?? Classifier, _layout, elementType);
    }

    /// <summary>What reads conversations; null where texts alone are read.</summary>
    private ConversationReader? Reader(ClassifierRewardOptions? options, ChatTokenizer? chat) =>
        options?.Format is not null || (chat is null && !HasChatTemplate) ? null : ConversationReader.Of(Tokenizer, () => chat ?? Chat());

    /// <summary>Frees the classifier.</summary>
    public void Dispose()
    {
        Classifier.Dispose();
        _start?.Dispose();
    }
}
