using VariationalBoN.Transformers.Decoders;

namespace SentimentControl.Datasets;

/// <summary>The language model that everything starts from.</summary>
/// <param name="Model">The network, in evaluation mode.</param>
/// <param name="Quality">One line for the reader, such as "held-out 1.207 nats per token after 500 steps".</param>
/// <param name="HeldOutLoss">Mean cross-entropy on held-out text in nats per token.</param>
internal sealed record ReferenceModel(Gpt2 Model, string Quality, double HeldOutLoss);
