using System.Globalization;
using System.Text;
using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Internal;
using VariationalBoN.Weights;

namespace VariationalBoN.Training;

/// <summary>How one thing that training changes is written to a file and read back into the same object.</summary>
/// <param name="FileName">The name of its file.</param>
/// <param name="Save">Writes the file at a path that does not exist yet.</param>
/// <param name="Load">Opens it and checks what can be checked; what it gives then changes the object.</param>
/// <param name="Reset">Brings the object to the state before step 0 when there is no checkpoint.</param>
internal sealed record CheckpointPart(string FileName, Action<string> Save, Func<string, Action> Load, Action Reset)
{
    private const int LongestNumber = 19,
        LongestGuard = 16 << 20;

    internal static CheckpointPart Of(string name, torch.nn.Module module) =>
        new($"{name}.safetensors", path => Safetensors.Save(path, module), path => Safetensors.Open(path, module), Nothing);

    internal static CheckpointPart Of(string name, OptimizerHelper optimizer) =>
        Of(
            name,
            stream =>
            {
                using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
                optimizer.save_state_dict(writer);
            },
            stream =>
            {
                using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
                optimizer.load_state_dict(reader);
            }
        );

    internal static CheckpointPart Of(string name, AdamOptimizer optimizer) =>
        new($"{name}.safetensors", optimizer.Save, optimizer.Load, Nothing);

    internal static CheckpointPart Of(string name, torch.Generator generator) =>
        Of(name, stream => GeneratorState.Save(generator, stream), stream => GeneratorState.Load(generator, stream));

    internal static CheckpointPart Of(string name, MetricsLog metrics, Action beforeCut) =>
        new(
            $"{name}.length",
            path =>
            {
                metrics.FlushToDisk();
                AtomicFile.Write(
                    path,
                    stream => stream.Write(Encoding.UTF8.GetBytes(metrics.Length.ToString(CultureInfo.InvariantCulture)))
                );
            },
            path => metrics.CutTo(Length(path), beforeCut),
            metrics.CutTo(0, beforeCut)
        );

    internal static CheckpointPart Of(string name, TrainingGuard guard) =>
        OfStream($"{name}.json", guard.Save, path => guard.Load(InputFile.ReadAll(path, LongestGuard)));

    internal static CheckpointPart Of(string name, Action<Stream> save, Action<Stream> load) =>
        OfStream(
            $"{name}.bin",
            save,
            path =>
                () =>
                {
                    using var stream = Open(path);
                    load(stream);
                }
        );

    private static CheckpointPart OfStream(string fileName, Action<Stream> save, Func<string, Action> load) =>
        new(fileName, path => AtomicFile.Write(path, save), load, Nothing);

    private static BufferedStream Open(string path) => new(InputFile.OpenOrEmpty(path), 1 << 20);

    private static long Length(string path) =>
        long.TryParse(
            Encoding.UTF8.GetString(InputFile.ReadAll(path, LongestNumber)),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out long length
        )
            ? length
            : throw new FormatException("It is no number of bytes.");

    private static void Nothing() { }
}
