using System.Collections.Frozen;
using System.Text;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Full case mappings of Unicode: tables for what is not one character for one, else those of .NET.</summary>
internal static class CaseTables
{
    /// <summary>Each entry is a character and what it is in capitals, where that is several characters.</summary>
    private const string ToSeveralCapitals =
        "\u00DFSS \u0149\u02BCN \u01F0J\u030C \u0390\u0399\u0308\u0301 \u03B0\u03A5\u0308\u0301 \u0587\u0535\u0552 "
        + "\u1E96H\u0331 \u1E97T\u0308 \u1E98W\u030A \u1E99Y\u030A \u1E9AA\u02BE \u1F50\u03A5\u0313 \u1F52\u03A5\u0313\u0300 "
        + "\u1F54\u03A5\u0313\u0301 \u1F56\u03A5\u0313\u0342 \u1F80\u1F08\u0399 \u1F81\u1F09\u0399 \u1F82\u1F0A\u0399 "
        + "\u1F83\u1F0B\u0399 \u1F84\u1F0C\u0399 \u1F85\u1F0D\u0399 \u1F86\u1F0E\u0399 \u1F87\u1F0F\u0399 \u1F88\u1F08\u0399 "
        + "\u1F89\u1F09\u0399 \u1F8A\u1F0A\u0399 \u1F8B\u1F0B\u0399 \u1F8C\u1F0C\u0399 \u1F8D\u1F0D\u0399 \u1F8E\u1F0E\u0399 "
        + "\u1F8F\u1F0F\u0399 \u1F90\u1F28\u0399 \u1F91\u1F29\u0399 \u1F92\u1F2A\u0399 \u1F93\u1F2B\u0399 \u1F94\u1F2C\u0399 "
        + "\u1F95\u1F2D\u0399 \u1F96\u1F2E\u0399 \u1F97\u1F2F\u0399 \u1F98\u1F28\u0399 \u1F99\u1F29\u0399 \u1F9A\u1F2A\u0399 "
        + "\u1F9B\u1F2B\u0399 \u1F9C\u1F2C\u0399 \u1F9D\u1F2D\u0399 \u1F9E\u1F2E\u0399 \u1F9F\u1F2F\u0399 \u1FA0\u1F68\u0399 "
        + "\u1FA1\u1F69\u0399 \u1FA2\u1F6A\u0399 \u1FA3\u1F6B\u0399 \u1FA4\u1F6C\u0399 \u1FA5\u1F6D\u0399 \u1FA6\u1F6E\u0399 "
        + "\u1FA7\u1F6F\u0399 \u1FA8\u1F68\u0399 \u1FA9\u1F69\u0399 \u1FAA\u1F6A\u0399 \u1FAB\u1F6B\u0399 \u1FAC\u1F6C\u0399 "
        + "\u1FAD\u1F6D\u0399 \u1FAE\u1F6E\u0399 \u1FAF\u1F6F\u0399 \u1FB2\u1FBA\u0399 \u1FB3\u0391\u0399 \u1FB4\u0386\u0399 "
        + "\u1FB6\u0391\u0342 \u1FB7\u0391\u0342\u0399 \u1FBC\u0391\u0399 \u1FC2\u1FCA\u0399 \u1FC3\u0397\u0399 "
        + "\u1FC4\u0389\u0399 \u1FC6\u0397\u0342 \u1FC7\u0397\u0342\u0399 \u1FCC\u0397\u0399 \u1FD2\u0399\u0308\u0300 "
        + "\u1FD3\u0399\u0308\u0301 \u1FD6\u0399\u0342 \u1FD7\u0399\u0308\u0342 \u1FE2\u03A5\u0308\u0300 "
        + "\u1FE3\u03A5\u0308\u0301 \u1FE4\u03A1\u0313 \u1FE6\u03A5\u0342 \u1FE7\u03A5\u0308\u0342 \u1FF2\u1FFA\u0399 "
        + "\u1FF3\u03A9\u0399 \u1FF4\u038F\u0399 \u1FF6\u03A9\u0342 \u1FF7\u03A9\u0342\u0399 \u1FFC\u03A9\u0399 \uFB00FF "
        + "\uFB01FI \uFB02FL \uFB03FFI \uFB04FFL \uFB05ST \uFB06ST \uFB13\u0544\u0546 \uFB14\u0544\u0535 \uFB15\u0544\u053B "
        + "\uFB16\u054E\u0546 \uFB17\u0544\u053D";

    /// <summary>
    /// Each entry is a character and its title case, where that is not its capital. Georgian stays as it is and is left out.
    /// </summary>
    private const string ToTitles =
        "\u00DFSs \u01C4\u01C5 \u01C5\u01C5 \u01C6\u01C5 \u01C7\u01C8 \u01C8\u01C8 \u01C9\u01C8 \u01CA\u01CB \u01CB\u01CB "
        + "\u01CC\u01CB \u01F1\u01F2 \u01F2\u01F2 \u01F3\u01F2 \u0587\u0535\u0582 \u1F80\u1F88 \u1F81\u1F89 \u1F82\u1F8A "
        + "\u1F83\u1F8B \u1F84\u1F8C \u1F85\u1F8D \u1F86\u1F8E \u1F87\u1F8F \u1F88\u1F88 \u1F89\u1F89 \u1F8A\u1F8A \u1F8B\u1F8B "
        + "\u1F8C\u1F8C \u1F8D\u1F8D \u1F8E\u1F8E \u1F8F\u1F8F \u1F90\u1F98 \u1F91\u1F99 \u1F92\u1F9A \u1F93\u1F9B \u1F94\u1F9C "
        + "\u1F95\u1F9D \u1F96\u1F9E \u1F97\u1F9F \u1F98\u1F98 \u1F99\u1F99 \u1F9A\u1F9A \u1F9B\u1F9B \u1F9C\u1F9C \u1F9D\u1F9D "
        + "\u1F9E\u1F9E \u1F9F\u1F9F \u1FA0\u1FA8 \u1FA1\u1FA9 \u1FA2\u1FAA \u1FA3\u1FAB \u1FA4\u1FAC \u1FA5\u1FAD \u1FA6\u1FAE "
        + "\u1FA7\u1FAF \u1FA8\u1FA8 \u1FA9\u1FA9 \u1FAA\u1FAA \u1FAB\u1FAB \u1FAC\u1FAC \u1FAD\u1FAD \u1FAE\u1FAE \u1FAF\u1FAF "
        + "\u1FB2\u1FBA\u0345 \u1FB3\u1FBC \u1FB4\u0386\u0345 \u1FB7\u0391\u0342\u0345 \u1FBC\u1FBC \u1FC2\u1FCA\u0345 "
        + "\u1FC3\u1FCC \u1FC4\u0389\u0345 \u1FC7\u0397\u0342\u0345 \u1FCC\u1FCC \u1FF2\u1FFA\u0345 \u1FF3\u1FFC "
        + "\u1FF4\u038F\u0345 \u1FF7\u03A9\u0342\u0345 \u1FFC\u1FFC \uFB00Ff \uFB01Fi \uFB02Fl \uFB03Ffi \uFB04Ffl \uFB05St "
        + "\uFB06St \uFB13\u0544\u0576 \uFB14\u0544\u0565 \uFB15\u0544\u056B \uFB16\u054E\u0576 \uFB17\u0544\u056D";

    private static readonly FrozenDictionary<int, string> Capitals = Read(ToSeveralCapitals);
    private static readonly FrozenDictionary<int, string> Titles = Read(ToTitles);

    public static string Upper(int code) =>
        Capitals.TryGetValue(code, out string? several)
            ? several
            : code switch
            {
                'ı' => "I",
                _ => Characters.Text(code).ToUpperInvariant(),
            };

    public static string Title(int code) =>
        Titles.TryGetValue(code, out string? title)
            ? title
            : code switch
            {
                (>= 0x10D0 and <= 0x10FA) or (>= 0x10FD and <= 0x10FF) => Characters.Text(code),
                _ => Upper(code),
            };

    public static string Lower(int code) =>
        code switch
        {
            'İ' => "i\u0307",
            _ => Characters.Text(code).ToLowerInvariant(),
        };

    private static FrozenDictionary<int, string> Read(string table) =>
        table
            .Split(' ')
            .ToFrozenDictionary(entry => Rune.GetRuneAt(entry, 0).Value, entry => entry[Rune.GetRuneAt(entry, 0).Utf16SequenceLength..]);
}
