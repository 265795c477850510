using System.Text;
using SampleReviews;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;

namespace SentimentControl.Datasets.Austen;

/// <summary>The held-out chapters as tokens, to measure a language model on. Immutable, thread-safe.</summary>
/// <remarks>The first token of a segment is given, not predicted: prompts come from outside.
/// Its bytes are not counted; the end token is predicted and counted.</remarks>
internal sealed class AustenHeldOutText(List<int[]> texts, ITokenizer tokenizer)
{
    private readonly long _bytes = texts.Sum(text =>
        (long)Encoding.UTF8.GetByteCount(tokenizer.Decode(text)) - Encoding.UTF8.GetByteCount(tokenizer.Decode(text[..1]))
    );
    private readonly long _tokens = texts.Sum(text => text.Length - 1L);

    /// <summary>Segments as tokens with the end token, those that a model can take.</summary>
    public static List<int[]> Tokens(IEnumerable<AustenSegment> segments, ITokenizer tokenizer, int longest) =>
        [
            .. segments
                .Select(segment => tokenizer.Encode(segment.Text).Append(tokenizer.VocabularySize - 1).ToArray())
                .Where(tokens => tokens.Length <= longest),
        ];

    /// <summary>The cross-entropy of the text.</summary>
    /// <param name="model">The model.</param>
    /// <returns>Nats per token, and bits per byte of UTF-8.</returns>
    public (double NatsPerToken, double BitsPerByte) Measure(Gpt2 model)
    {
        double nats = LanguageModelTraining.HeldOutLoss(model, texts);
        return (nats, nats * _tokens / _bytes / Math.Log(2));
    }
}
