using Spoco.Engine.Checkpoints;
using Spoco.Engine.Networks;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Training;

/// <summary>The two moments that Adam keeps for the parameters of a network.</summary>
internal sealed class AdamMoments : IDisposable
{
    private const float LargestGradient = 1e19f;

    private readonly ParameterStore _parameters;
    private readonly int _dimensions;
    private readonly string _prefix;
    private readonly DeviceBuffer<float> _first;
    private readonly DeviceBuffer<float> _second;
    private readonly Holdings _holdings;

    /// <summary>Moments of zero.</summary>
    /// <param name="parameters">A network's parameters, with gradients.</param>
    /// <param name="dimensions">Of its convolutions, 2 or 3: says how its arrays lie in a checkpoint.</param>
    /// <param name="prefix">Of the names in a checkpoint.</param>
    public AdamMoments(ParameterStore parameters, int dimensions, string prefix)
    {
        (_parameters, _dimensions, _prefix) = (parameters, dimensions, prefix);
        using var holdings = new Holdings();
        _first = holdings.AllocateCleared<float>(parameters.Device, parameters.Values.Length, "Adam");
        _second = holdings.AllocateCleared<float>(parameters.Device, parameters.Values.Length, "Adam");
        _holdings = holdings.Share();
    }

    /// <summary>The moments as arrays of a checkpoint.</summary>
    public IEnumerable<SafeTensorSource> Arrays =>
    [
        .. Checkpoint.Arrays(_prefix + CheckpointFormat.FirstMoment, _parameters, _dimensions, _first),
        .. Checkpoint.Arrays(_prefix + CheckpointFormat.SecondMoment, _parameters, _dimensions, _second),
    ];

    /// <summary>
    /// Whether the gradients that have been added up, and their squares, are finite: Adam keeps squares, and an infinite one for ever. Fetched from the
    /// device.
    /// </summary>
    public bool HaveFiniteGradients => !Primitives.Reduction.HasNonFinite(_parameters.Gradients, LargestGradient);

    /// <summary>Notes on the device whether they are not: launched, and not waited for.</summary>
    /// <param name="found">Becomes 1 where they are not.</param>
    public void Examine(DeviceBuffer<int> found) => Primitives.Reduction.NoteNonFinite(_parameters.Gradients, found, LargestGradient);

    /// <summary>Forgets the gradients that have been added up.</summary>
    public void DiscardGradients()
    {
        _parameters.Gradients.Clear();
        _parameters.GradientsAreZero();
    }

    /// <summary>One step with the gradients that have been added up, which are cleared.</summary>
    /// <param name="settings">Rates.</param>
    /// <param name="step">Counted from 1.</param>
    /// <param name="follower">Parameters that follow the new ones with <paramref name="momentum"/>; default = none.</param>
    /// <param name="momentum">Weight of the follower's past.</param>
    /// <param name="findings">Where one of these is not 0 the device leaves all as it is, and the gradients have to be discarded; default = nothing speaks against the step.</param>
    public void Step(AdamSettings settings, long step, DeviceBuffer<float> follower = default, double momentum = 1, DeviceBuffer<int> findings = default)
    {
        Primitives.Adam.Step(
            _parameters.Values, _parameters.Gradients, _first, _second, settings, checked((int)step), follower: follower, momentum: momentum, findings: findings);
        _parameters.GradientsAreZero();
    }

    /// <summary>Takes the moments from a checkpoint.</summary>
    /// <exception cref="InputException">An array is missing or of another shape.</exception>
    public void Fill(string path, SafeTensors file)
    {
        Checkpoint.Fill(path, file, _prefix + CheckpointFormat.FirstMoment, _parameters, _dimensions, _first);
        Checkpoint.Fill(path, file, _prefix + CheckpointFormat.SecondMoment, _parameters, _dimensions, _second);
    }

    public void Dispose() => _holdings.Dispose();
}
