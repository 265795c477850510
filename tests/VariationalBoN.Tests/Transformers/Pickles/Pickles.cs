using System.IO.Compression;
using System.Text;

namespace VariationalBoN.Tests.Transformers.Pickles;

/// <summary>Makes archives as <c>torch.save</c> makes them, faulty ones too.</summary>
internal static class Pickles
{
    private static readonly byte[] Stop = [(byte)'.'];

    /// <summary>The pickle of a dictionary of float32 tensors, written instruction by instruction.</summary>
    internal static byte[] Dictionary(params (string Name, string Storage, int Count, int Offset, int[] Shape, int[] Strides)[] tensors)
    {
        using var code = new MemoryStream();
        code.Write([0x80, 2, (byte)'}', (byte)'q', 0, (byte)'(']);
        foreach (var tensor in tensors)
        {
            Text(code, tensor.Name);
            Global(code, "torch._utils", "_rebuild_tensor_v2");
            code.Write("(("u8);
            Text(code, "storage");
            Global(code, "torch", "FloatStorage");
            Text(code, tensor.Storage);
            Text(code, "cpu");
            Number(code, tensor.Count);
            code.Write("tQ"u8);
            Number(code, tensor.Offset);
            Tuple(code, tensor.Shape);
            Tuple(code, tensor.Strides);
            code.WriteByte(0x89);
            Global(code, "collections", "OrderedDict");
            code.Write(")RtR"u8);
        }

        code.Write("u."u8);
        return code.ToArray();
    }

    /// <summary>A pickle that calls a function with a text, as an attack would.</summary>
    internal static byte[] Call(string module, string name, string argument)
    {
        using var code = new MemoryStream();
        code.Write([0x80, 2]);
        Global(code, module, name);
        Text(code, argument);
        code.Write([0x85, (byte)'R', .. Stop]);
        return code.ToArray();
    }

    /// <summary>An archive of entries below the folder <c>model/</c>.</summary>
    internal static byte[] Archive(CompressionLevel level, params (string Name, byte[] Content)[] entries)
    {
        using var bytes = new MemoryStream();
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using var stream = archive.CreateEntry($"model/{name}", level).Open();
                stream.Write(content);
            }
        }

        return bytes.ToArray();
    }

    private static void Global(MemoryStream code, string module, string name) => code.Write(Encoding.UTF8.GetBytes($"c{module}\n{name}\n"));

    private static void Text(MemoryStream code, string text)
    {
        code.WriteByte((byte)'X');
        code.Write(BitConverter.GetBytes(Encoding.UTF8.GetByteCount(text)));
        code.Write(Encoding.UTF8.GetBytes(text));
    }

    private static void Number(MemoryStream code, int number) => code.Write([(byte)'J', .. BitConverter.GetBytes(number)]);

    private static void Tuple(MemoryStream code, int[] numbers)
    {
        code.WriteByte((byte)'(');
        foreach (int number in numbers)
            Number(code, number);
        code.WriteByte((byte)'t');
    }
}
