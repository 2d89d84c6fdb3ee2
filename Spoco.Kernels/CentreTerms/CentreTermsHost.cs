namespace Spoco.Kernels.Primitives;

/// <summary>Terms of clusters and anchors on the host, in double precision.</summary>
internal sealed unsafe class CentreTermsHost : CentreTermsAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => device.OnHost;

    /// <inheritdoc/>
    public override void Evaluate(CentreTermsInputs inputs)
    {
        using var memory = inputs.Values.Device.Host.Workspace(inputs.Passes.Means.Length * sizeof(double));
        var gradients = PartSums.Cleared(memory, inputs.Passes.Means.Length);
        var images = inputs.Passes.Centres.Images.Span;
        for (var n = 0; n < images.Length; n++)
        {
            var image = new CentreImage(inputs, n, gradients);
            image.AddMeanTerms();
            if (image.HasObjects)
                image.AddObjectTerms();
            if (image.HasAnchors)
                image.AddAnchorTerms();
            image.WriteValues();
            if (!inputs.Shift.IsNull)
                image.WriteShift();
        }
    }
}
