using System.Collections.Immutable;
using System.Globalization;
using VariationalBoN.Policies;

namespace VariationalBoN.Tests.Policies;

/// <summary>Text is token ids in decimal, separated by spaces.</summary>
internal sealed class NumberTokenizer(int vocabularySize) : ITokenizer
{
    public ModelIdentity Identity => new(nameof(NumberTokenizer), ("vocabulary", VocabularySize));

    public int VocabularySize => vocabularySize;

    public ImmutableArray<int> Encode(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(part => int.Parse(part, CultureInfo.InvariantCulture))];

    public string Decode(IReadOnlyList<int> tokens) => string.Join(' ', tokens);
}
