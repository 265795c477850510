using System.Collections.Immutable;
using VariationalBoN.Policies;
using VariationalBoN.Testing.Worlds;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Guidance;

/// <summary>The reference of an enumerable world as a causal model in double precision:
/// one prompt token, then the tokens of the world.</summary>
internal sealed class WorldModel : nn.Module<Tensor, Tensor>
{
    private readonly double[] _logits;
    private readonly TabularShape _shape;

    internal WorldModel(EnumerableWorld world)
        : base(nameof(WorldModel))
    {
        using var reference = world.Reference();
        (_logits, _shape) = (reference.LogitValues(), new TabularShape(world.VocabularySize, world.Length));
        eval();
    }

    internal static CausalLmPolicy Policy(EnumerableWorld world, int rowsPerBatch = 64) =>
        new(
            new WorldModel(world),
            new WorldTokenizer(world.VocabularySize),
            new GenerationOptions { MaxNewTokens = world.Length, RowsPerBatch = rowsPerBatch }
        );

    /// <summary>A sequence as this policy draws it.</summary>
    internal static Completion Completion(EnumerableWorld world, int sequence) =>
        world.Completion(sequence).Completion with
        {
            PromptTokens = [0],
            FinishReason = FinishReason.Length,
        };

    public override Tensor forward(Tensor input)
    {
        long[] tokens = input.data<long>().ToArray();
        int rows = (int)input.size(0),
            length = (int)input.size(1),
            vocabulary = _shape.Vocabulary;
        double[] logits = new double[rows * length * vocabulary];
        for (int row = 0; row < rows; row++)
        {
            int prefix = 0;
            for (int t = 0; t < length && t < _shape.Length; t++)
            {
                prefix = t == 0 ? 0 : (prefix * vocabulary) + (int)tokens[(row * length) + t];
                _logits.AsSpan(_shape.Context(t, prefix) * vocabulary, vocabulary).CopyTo(logits.AsSpan(((row * length) + t) * vocabulary));
            }
        }

        return tensor(logits, [rows, length, vocabulary], float64);
    }

    private sealed class WorldTokenizer(int vocabularySize) : ITokenizer
    {
        public ModelIdentity Identity => "world";

        public int VocabularySize => vocabularySize;

        public ImmutableArray<int> Encode(string text) => [0];

        public string Decode(IReadOnlyList<int> tokens) => string.Join(' ', tokens);
    }
}
