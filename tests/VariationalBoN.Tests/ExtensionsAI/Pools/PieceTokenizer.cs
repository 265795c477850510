using System.Collections.Immutable;
using System.Text;
using VariationalBoN.Policies;

namespace VariationalBoN.Tests.ExtensionsAI.Pools;

/// <summary>Tokens that are bytes, whole characters and parts of some; 0 ends a text. A prompt is its ids with spaces.</summary>
internal sealed class PieceTokenizer : ITokenizer
{
    private static readonly byte[][] s_pieces =
    [
        [],
        [0x61],
        [0xC3],
        [0xA9],
        [0xE2, 0x82],
        [0xAC],
        [0x20],
        [0xC3, 0xA9],
        [0x61, 0xE2],
    ];

    public ModelIdentity Identity => "pieces";

    public int VocabularySize => s_pieces.Length;

    public ImmutableArray<int> Encode(string text) => [.. text.Select(character => character - '0')];

    public string Decode(IReadOnlyList<int> tokens) => Encoding.UTF8.GetString(Bytes(tokens));

    public Func<IReadOnlyList<int>, string> DecoderAfter(IReadOnlyList<int> prompt) => Decode;

    /// <summary>The bytes of tokens.</summary>
    public static byte[] Bytes(IEnumerable<int> tokens) => [.. tokens.SelectMany(token => s_pieces[token])];
}
