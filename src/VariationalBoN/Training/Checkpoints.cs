using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Internal;
using VariationalBoN.Training;

namespace VariationalBoN;

/// <summary>
/// Saves and restores the checkpoints of one training run: a killed run resumes and ends with the same bits as one that was never killed.
/// </summary>
/// <remarks>
/// Add everything that a step changes, call <see cref="Restore()"/> before the loop and <see cref="Save"/> in it. Random numbers of this
/// library are pure functions of seed and step and need no state; give <c>seed: step</c>, make the order of prompts
/// (<see cref="PromptOrder"/>) and the learning rate functions of the step as well, and nothing else is left to store. A checkpoint is a
/// folder that appears whole or not at all: files are flushed to disk, then the folder is renamed, so a kill at any moment leaves the
/// checkpoints before it. Holds a lock on the folder until disposed of; what is added stays the caller's. Not thread-safe.
/// </remarks>
public sealed class Checkpoints : IDisposable
{
    private readonly CheckpointFolder _folder;
    private readonly CheckpointOptions _options;
    private readonly JsonNode? _configuration;
    private readonly CheckpointParts _parts = new();
    private readonly KeptCheckpoints _kept;

    /// <summary>Opens the checkpoints of a run.</summary>
    /// <param name="folder">The folder of the run, made when it is not there.</param>
    /// <param name="configuration">Settings of the run, written as JSON: a run is only continued with equal ones. Null for none.</param>
    /// <param name="options">Which checkpoints are kept; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="IOException">Another process is using the folder, or it cannot be made.</exception>
    public Checkpoints(string folder, object? configuration = null, CheckpointOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _options = options ?? new CheckpointOptions();
        _options.Validate();
        _configuration = configuration is null ? null : JsonSerializer.SerializeToNode(configuration);
        _folder = new CheckpointFolder(folder);
        _kept = new KeptCheckpoints(_folder, _options);
    }

    /// <summary>The checkpoints that are there, oldest first.</summary>
    public ImmutableArray<Checkpoint> All => _folder.List();

    /// <summary>The best checkpoint by <see cref="CheckpointOptions.BestBy"/>, the earlier one among equals;
    /// null when there is none with that metric.</summary>
    public Checkpoint? Best => _kept.Best;

    /// <summary>Adds a module: parameters and buffers, as safetensors.</summary>
    /// <param name="name">The name of the file, without its ending.</param>
    /// <param name="module">The module.</param>
    /// <returns>These checkpoints.</returns>
    public Checkpoints Add(string name, torch.nn.Module module) => Add(name, CheckpointPart.Of(name, NotNull(module)));

    /// <summary>Adds some parameters by their names, such as the adapters of a model
    /// whose other weights never change, as safetensors.</summary>
    /// <remarks>
    /// A checkpoint with other names, shapes or element types is refused and leaves the parameters as they are. Those that train:
    /// <c>model.named_parameters().Where(pair => pair.parameter.requires_grad)</c>.
    /// Move the model to its device and element type before: TorchSharp makes new parameters then.
    /// </remarks>
    /// <param name="name">The name of the file, without its ending.</param>
    /// <param name="parameters">Names and parameters, as <c>named_parameters()</c> of a module gives them;
    /// at least one, no name twice.</param>
    /// <returns>These checkpoints.</returns>
    /// <exception cref="ArgumentException">There is no parameter, a name stands twice,
    /// or <paramref name="name"/> cannot be the name of a file.</exception>
    public Checkpoints Add(string name, IEnumerable<(string name, Parameter parameter)> parameters) =>
        Add(name, ParameterPart.Of(name, NotNull(parameters)));

    /// <summary>Adds an optimizer: moments, step counts, learning rate, as safetensors.
    /// Settings that differ from those of the checkpoint are refused.</summary>
    /// <inheritdoc cref="Add(string, torch.nn.Module)"/>
    /// <param name="name">The name of the file, without its ending.</param>
    /// <param name="optimizer">The optimizer, over the same parameters in the same order in every run.</param>
    public Checkpoints Add(string name, AdamOptimizer optimizer) => Add(name, CheckpointPart.Of(name, NotNull(optimizer)));

    /// <summary>
    /// Adds an optimizer of TorchSharp: moments, step counts, options. Beside threads that allocate its steps are unsafe:
    /// prefer <see cref="AdamW"/> or <see cref="Adam"/>.
    /// </summary>
    /// <inheritdoc cref="Add(string, torch.nn.Module)"/>
    /// <param name="name">The name of the file, without its ending.</param>
    /// <param name="optimizer">The optimizer, over the same parameters in the same order in every run.</param>
    [Obsolete(
        "The optimizers of torch.optim free numbers while libtorch still reads them, so another thread can corrupt a step: train with "
            + "AdamW or Adam of this library (docs/troubleshooting.md in the repository)."
    )]
    public Checkpoints Add(string name, OptimizerHelper optimizer) => Add(name, CheckpointPart.Of(name, NotNull(optimizer)));

    /// <summary>Adds a random generator of TorchSharp on the CPU, for code of your own that draws from one.</summary>
    /// <inheritdoc cref="Add(string, torch.nn.Module)"/>
    /// <param name="name">The name of the file, without its ending.</param>
    /// <param name="generator">The generator.</param>
    public Checkpoints Add(string name, torch.Generator generator) => Add(name, CheckpointPart.Of(name, NotNull(generator)));

    /// <summary>Adds a metrics file: lines written after the checkpoint are cut with the next line or checkpoint,
    /// so that no step stands twice.</summary>
    /// <inheritdoc cref="Add(string, torch.nn.Module)"/>
    /// <param name="name">The name of the file, without its ending.</param>
    /// <param name="metrics">The metrics file.</param>
    public Checkpoints Add(string name, MetricsLog metrics) => Add(name, CheckpointPart.Of(name, NotNull(metrics), _kept.Retire));

    /// <summary>Adds a guard: what it compares with and has raised, so that a resumed run
    /// is compared with its own beginning and not with its state when it resumes.</summary>
    /// <inheritdoc cref="Add(string, torch.nn.Module)"/>
    /// <param name="name">The name of the file, without its ending.</param>
    /// <param name="guard">The guard, with the same <see cref="GuardOptions.Window"/> in every run.</param>
    public Checkpoints Add(string name, TrainingGuard guard) => Add(name, CheckpointPart.Of(name, NotNull(guard)));

    /// <summary>Adds anything else that a step changes, such as an optimizer of your own.</summary>
    /// <inheritdoc cref="Add(string, torch.nn.Module)"/>
    /// <param name="name">The name of the file, without its ending.</param>
    /// <param name="save">Writes the state to a stream.</param>
    /// <param name="load">Reads it back; the stream holds exactly what was written.</param>
    public Checkpoints Add(string name, Action<Stream> save, Action<Stream> load) =>
        Add(name, CheckpointPart.Of(name, NotNull(save), NotNull(load)));

    /// <summary>Writes a checkpoint and deletes those that are no longer kept;
    /// first those later than the one that was restored, which the run has left behind.</summary>
    /// <param name="step">The number of steps done, at least 0; a checkpoint of that step is replaced.</param>
    /// <param name="metrics">Numbers that say how good the checkpoint is, such as held-out ones; null for none.</param>
    /// <returns>The checkpoint.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is negative.</exception>
    /// <exception cref="ArgumentException"><paramref name="metrics"/> lacks the metric of
    /// <see cref="CheckpointOptions.BestBy"/>, or has it as NaN.</exception>
    /// <exception cref="IOException">It could not be written; the checkpoints before it are untouched.</exception>
    public Checkpoint Save(long step, IReadOnlyDictionary<string, double>? metrics = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        var values = (metrics ?? ImmutableDictionary<string, double>.Empty).ToImmutableDictionary();
        if (_options.BestBy is string best && !(values.TryGetValue(best, out double value) && !double.IsNaN(value)))
            throw new ArgumentException(
                $"Checkpoints are kept by \"{best}\", but step {step} was saved with "
                    + $"{(values.IsEmpty ? "no metrics" : string.Join(", ", values.Select(pair => $"{pair.Key} = {pair.Value}")))}; give "
                    + $"that metric, a number, with each.",
                nameof(metrics)
            );
        using Activity? span = Instruments.Source.StartActivity("checkpoint.save")?.SetTag("variationalbon.step", step);
        try
        {
            _kept.Retire();
            var saved = _folder.Write(
                step,
                folder =>
                {
                    _parts.Save(folder);
                    var files = _parts.FileNames.ToImmutableSortedDictionary(
                        name => name,
                        name => CheckpointManifest.Describe(Path.Combine(folder, name))
                    );
                    new CheckpointManifest(step, values, _configuration, files) { Kernels = TorchRuntime.Kernels }.Write(folder);
                }
            );
            _kept.Prune(step);
            _options.Logger?.CheckpointSaved(step, saved.Folder);
            return saved with { Metrics = values };
        }
        catch (Exception e) when (span.Fail(e))
        {
            throw; // the filter is never true
        }
    }

    /// <summary>Brings everything that was added to where the latest checkpoint left it;
    /// without one, everything stays as it is and metrics start anew.</summary>
    /// <returns>The number of steps done: the loop goes on with this step.</returns>
    /// <exception cref="InvalidDataException">
    /// The latest checkpoint is damaged, a metrics file is shorter than it was at that time, or a module, parameters or an optimizer of
    /// this library do not fit what was added under the name: nothing was changed. Or an optimizer of TorchSharp, a generator or what you
    /// read yourself does not fit: parts before it may have been restored. The message names the file.
    /// </exception>
    /// <exception cref="InvalidOperationException">It is of another configuration, or has other parts;
    /// the message names the differences. Nothing was changed.</exception>
    public long Restore()
    {
        if (All is [.., Checkpoint latest])
            return Restore(latest);
        _parts.Reset();
        return 0;
    }

    /// <summary>
    /// Restores a chosen checkpoint, such as <see cref="Best"/>. Later ones stay until the run goes on from it: the next checkpoint, or
    /// line in a metrics file that was added, deletes them first.
    /// </summary>
    /// <inheritdoc cref="Restore()"/>
    /// <param name="checkpoint">One of <see cref="All"/>.</param>
    public long Restore(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        using Activity? span = Instruments.Source.StartActivity("checkpoint.restore")?.SetTag("variationalbon.step", checkpoint.Step);
        try
        {
            return RestoreFrom(checkpoint);
        }
        catch (Exception e) when (span.Fail(e))
        {
            throw; // the filter is never true
        }
    }

    private long RestoreFrom(Checkpoint checkpoint)
    {
        var manifest = CheckpointManifest.Read(checkpoint.Folder);
        manifest.RequireSameRun(checkpoint.Folder, _configuration, _parts.FileNames);
        manifest.Verify(checkpoint.Folder);
        _parts.Load(checkpoint.Folder);
        _kept.GoOnFrom(manifest.Step);
        _options.Logger?.CheckpointRestored(manifest.Step, checkpoint.Folder);
        return manifest.Step;
    }

    /// <summary>Releases the folder for other processes. What was added is not disposed of.</summary>
    public void Dispose() => _folder.Dispose();

    private Checkpoints Add(string name, CheckpointPart part)
    {
        _parts.Add(name, part);
        return this;
    }

    private static T NotNull<T>(T value)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(value);
        return value;
    }
}
