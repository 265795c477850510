using VariationalBoN.Internal;
using VariationalBoN.Weights;

namespace VariationalBoN.Transformers.Pickles;

/// <summary>The tensors of a <c>pytorch_model.bin</c>: a zip archive of a pickle that describes them and of their plain bytes.</summary>
internal static class PytorchArchive
{
    /// <summary>Far above what a checkpoint needs: some 100 bytes a tensor.</summary>
    private const long MaximumPickle = 4_000_000;

    /// <summary>Files that <c>torch.save</c> wrote; they are read, never written.</summary>
    internal static WeightFormat Format { get; } =
        new("pytorch_model.bin", "pytorch_model.bin.index.json", ".bin", stream => (Read(stream), new Dictionary<string, string>()));

    /// <summary>Finds every tensor; nothing is believed before it has been held against the archive.</summary>
    /// <exception cref="InvalidDataException">The archive is damaged or holds something else;
    /// the message names it and the byte.</exception>
    internal static IReadOnlyList<WeightEntry> Read(Stream stream)
    {
        var archive = new ZipDirectory(stream);
        string[] pickles = [.. archive.Names.Where(name => name.EndsWith("/data.pkl", StringComparison.Ordinal)).Take(2)];
        if (pickles.Length != 1)
            throw new InvalidDataException(
                $"the archive has {(pickles.Length == 0 ? "no" : "more than one")} entry data.pkl in its directory at byte "
                    + $"{archive.Place} of the file, so it was not written by torch.save"
            );
        string root = pickles[0][..^"data.pkl".Length];
        if (archive.Names.Contains($"{root}byteorder") && !archive.ReadAll($"{root}byteorder", 16).AsSpan().SequenceEqual("little"u8))
            throw new InvalidDataException(
                $"the archive whose directory is at byte {archive.Place} was written on a big-endian machine, which is not supported"
            );
        return [.. Tensors(archive, pickles[0]).Select(pair => Entry(archive, root, pair.Key, pair.Value))];
    }

    private static IReadOnlyDictionary<string, PickledTensor> Tensors(ZipDirectory archive, string name)
    {
        byte[] pickle = archive.ReadAll(name, MaximumPickle);
        try
        {
            return StatePickle.Read(pickle);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{e.Message} (the pickle begins at byte {archive.Locate(name).Offset} of the file)", e);
        }
    }

    private static WeightEntry Entry(ZipDirectory archive, string root, string name, PickledTensor tensor)
    {
        string shown = Shown.Name(name);
        var type = tensor.Storage.Type;
        int elementSize = SafetensorsHeader.SizeOf(type);
        (long offset, long length) = archive.Locate($"{root}data/{tensor.Storage.Key}");
        if (tensor.Storage.Count != length / elementSize || length % elementSize != 0)
            throw new InvalidDataException(
                $"the storage of '{shown}' has {tensor.Storage.Count} elements of type {type}, but {length} bytes at byte {offset}"
            );
        if (WeightEntry.Size(tensor.Shape, elementSize) is not long bytes)
            throw new InvalidDataException($"at byte {offset} of the file: '{shown}' has the impossible shape {Shown.Shape(tensor.Shape)}");
        if (tensor.Offset < 0 || tensor.Offset > tensor.Storage.Count || bytes / elementSize > tensor.Storage.Count - tensor.Offset)
            throw new InvalidDataException(
                $"at byte {offset} of the file: '{shown}' of shape {Shown.Shape(tensor.Shape)} from element {tensor.Offset} does not fit "
                    + $"its storage of {tensor.Storage.Count} elements"
            );
        if (!IsContiguous(tensor.Shape, tensor.Strides))
            throw new InvalidDataException(
                $"at byte {offset} of the file: '{shown}' of shape {Shown.Shape(tensor.Shape)} has the strides "
                    + $"{Shown.Shape(tensor.Strides)}; only tensors in row-major order are read: save it once in Python as safetensors, "
                    + $"with save_pretrained"
            );
        return new WeightEntry(name, type, tensor.Shape, offset + (tensor.Offset * elementSize), bytes);
    }

    private static bool IsContiguous(long[] shape, long[] strides)
    {
        if (shape.Length != strides.Length)
            return false;
        long expected = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            if (shape[i] == 0)
                return true;
            if (shape[i] != 1 && strides[i] != expected)
                return false;
            expected *= shape[i];
        }

        return true;
    }
}
