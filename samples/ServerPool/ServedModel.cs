using System.Collections.Immutable;
using System.Globalization;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Policies;

namespace ServerPool;

/// <summary>A language model of this library as a server's model: ids in, ids out, one completion at a time. Thread-safe.</summary>
internal sealed class ServedModel
{
    private readonly CausalLmPolicy _policy;
    private readonly Lock _oneAtATime = new();

    /// <summary>A model that several servers may share.</summary>
    public ServedModel(torch.nn.Module<torch.Tensor, torch.Tensor> model, int vocabularySize) =>
        _policy = new CausalLmPolicy(model, new IdTokenizer(vocabularySize), new GenerationOptions());

    /// <summary>Draws one completion.</summary>
    public ServedAnswer Draw(ServedRequest request)
    {
        var settings = new GenerationOptions
        {
            MaxNewTokens = request.MaxTokens,
            Temperature = request.Temperature,
            TopK = request.TopK > 0 ? request.TopK : null,
            TopP = request.TopP < 1 ? request.TopP : null,
            StopTokens = [.. request.StopTokens],
        };
        lock (_oneAtATime)
        {
            Completion drawn = _policy.With(settings).Sample([IdTokenizer.TextOf(request.Prompt)], 1, request.Seed)[0];
            using var scope = torch.NewDisposeScope();
            using var noGradient = torch.no_grad();
            double[] logProbs = _policy.TokenLogProb([drawn]).data<double>().ToArray(); // at temperature 1, whatever it was drawn at
            return new ServedAnswer([.. drawn.Tokens], logProbs, drawn.Text, drawn.FinishReason == FinishReason.Stopped);
        }
    }

    /// <summary>Texts that are ids.</summary>
    private sealed class IdTokenizer(int size) : ITokenizer
    {
        public ModelIdentity Identity => "ids";

        public int VocabularySize => size;

        public static string TextOf(IEnumerable<int> ids) => string.Join(' ', ids);

        public ImmutableArray<int> Encode(string text) => [.. text.Split(' ').Select(id => int.Parse(id, CultureInfo.InvariantCulture))];

        public string Decode(IReadOnlyList<int> tokens) => TextOf(tokens);
    }
}
