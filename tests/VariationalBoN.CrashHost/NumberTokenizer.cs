using System.Collections.Immutable;
using VariationalBoN.Policies;

namespace VariationalBoN.CrashHost;

/// <summary>Text that is numbers separated by spaces.</summary>
internal sealed class NumberTokenizer(int size) : ITokenizer
{
    public ModelIdentity Identity => new(nameof(NumberTokenizer), ("vocabulary", VocabularySize));

    public int VocabularySize => size;

    public ImmutableArray<int> Encode(string text) =>
        [
            .. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(word => int.Parse(word, System.Globalization.CultureInfo.InvariantCulture)),
        ];

    public string Decode(IReadOnlyList<int> tokens) => string.Join(' ', tokens);
}
