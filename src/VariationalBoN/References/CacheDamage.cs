using System.Globalization;

namespace VariationalBoN.References;

/// <summary>The error of a file of records that is not as it was written. Stateless, thread-safe.</summary>
internal static class CacheDamage
{
    /// <summary>A record in the middle, which no interrupted write explains.</summary>
    public static InvalidDataException At(string path, int number, long offset, string why, Exception? inner = null) => new(
        string.Create(CultureInfo.InvariantCulture, $"{path}, line {number} (byte {offset}): {why} Take the file from its source again, or cut it to its first {offset} bytes and resume: what is cut off is drawn again."),
        inner);

    /// <summary>Records that are gone from the end.</summary>
    public static InvalidDataException Lost(string path, long length, long known, string index) => new(
        string.Create(CultureInfo.InvariantCulture, $"{path} is {(File.Exists(path) ? $"{length} bytes long" : "missing")}, but held {known} bytes of whole batches when its side file was made: records are lost from its end. Take the file from its source again; or, to have what is lost drawn again, delete {index} and resume."));

    /// <summary>The last record, which a process was writing when it ended.</summary>
    public static InvalidDataException Torn(string path, int number, long offset, Exception? inner) => new(
        string.Create(CultureInfo.InvariantCulture, $"{path}, line {number} (byte {offset}): the file breaks off there, in the middle of a record. Resume what wrote it (ReferenceTable.EstimateAsync with this folder), or open it with ReferenceStore.Open: both cut off the rest of the record, whose samples are drawn again. If it is being written just now, wait."),
        inner);
}
