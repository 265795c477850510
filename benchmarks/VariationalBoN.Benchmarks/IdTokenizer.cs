using System.Collections.Immutable;
using System.Globalization;
using VariationalBoN.Policies;

namespace VariationalBoN.Benchmarks;

/// <summary>Text is token ids in decimal, separated by spaces: costs next to nothing.</summary>
internal sealed class IdTokenizer(int vocabularySize) : ITokenizer
{
    public ModelIdentity Identity => new(nameof(IdTokenizer), ("vocabulary", VocabularySize));

    public int VocabularySize => vocabularySize;

    public ImmutableArray<int> Encode(string text) => [.. text.Split(' ').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];

    public string Decode(IReadOnlyList<int> tokens) => "";
}
