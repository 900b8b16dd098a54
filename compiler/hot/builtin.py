"""The resource types that Heat includes."""

from __future__ import annotations

_NAMES = {
    "AWS::AutoScaling": "AutoScalingGroup LaunchConfiguration ScalingPolicy",
    "AWS::CloudFormation": "Stack WaitCondition WaitConditionHandle",
    "AWS::CloudWatch": "Alarm",
    "AWS::EC2": (
        "EIP EIPAssociation Instance InternetGateway NetworkInterface RouteTable SecurityGroup Subnet "
        "SubnetRouteTableAssociation VPC VPCGatewayAttachment Volume VolumeAttachment"
    ),
    "AWS::ElasticLoadBalancing": "LoadBalancer",
    "AWS::IAM": "AccessKey User",
    "AWS::RDS": "DBInstance",
    "AWS::S3": "Bucket",
    "OS::Aodh": (
        "Alarm CombinationAlarm CompositeAlarm EventAlarm GnocchiAggregationByMetricsAlarm "
        "GnocchiAggregationByResourcesAlarm GnocchiResourcesAlarm LBMemberHealthAlarm PrometheusAlarm"
    ),
    "OS::Barbican": "CertificateContainer GenericContainer Order RSAContainer Secret",
    "OS::Blazar": "Host Lease",
    "OS::Cinder": "EncryptedVolumeType QoSAssociation QoSSpecs Quota Volume VolumeAttachment VolumeType",
    "OS::Designate": "Domain Record RecordSet Zone",
    "OS::Glance": "Image WebImage",
    "OS::Heat": (
        "AccessPolicy AutoScalingGroup CloudConfig Delay DeployedServer HARestarter InstanceGroup "
        "MultipartMime None RandomString ResourceChain ResourceGroup ScalingPolicy SoftwareComponent "
        "SoftwareConfig SoftwareDeployment SoftwareDeploymentGroup SoftwareDeployments Stack "
        "StructuredConfig StructuredDeployment StructuredDeploymentGroup StructuredDeployments "
        "SwiftSignal SwiftSignalHandle TestResource UpdateWaitConditionHandle Value WaitCondition "
        "WaitConditionHandle"
    ),
    "OS::Ironic": "Port",
    "OS::Keystone": (
        "Domain Endpoint Group GroupRoleAssignment Project Region Role Service User UserRoleAssignment"
    ),
    "OS::Magnum": "Bay BayModel Cluster ClusterTemplate",
    "OS::Manila": "SecurityService Share ShareNetwork ShareType",
    "OS::Mistral": "CronTrigger ExternalResource Workflow",
    "OS::Monasca": "AlarmDefinition Notification",
    "OS::Neutron": (
        "AddressScope ExtraRoute ExtraRouteSet Firewall FirewallPolicy FirewallRule FloatingIP "
        "FloatingIPAssociation FloatingIPPortForward FlowClassifier HealthMonitor IKEPolicy IPsecPolicy "
        "IPsecSiteConnection L2Gateway L2GatewayConnection LoadBalancer MeteringLabel MeteringRule Net "
        "NetworkGateway Pool PoolMember Port PortChain PortPair PortPairGroup ProviderNet "
        "QoSBandwidthLimitRule QoSDscpMarkingRule QoSMinimumBandwidthRule QoSMinimumPacketRateRule "
        "QoSPolicy Quota RBACPolicy Router RouterGateway RouterInterface SecurityGroup "
        "SecurityGroupRule Segment Subnet SubnetPool Trunk VPNService"
    ),
    "OS::Neutron::LBaaS": "HealthMonitor L7Policy L7Rule Listener LoadBalancer Pool PoolMember",
    "OS::Neutron::TaaS": "TapFlow TapService",
    "OS::Nova": "Flavor FloatingIP FloatingIPAssociation HostAggregate KeyPair Quota Server ServerGroup",
    "OS::Octavia": (
        "AvailabilityZone AvailabilityZoneProfile Flavor FlavorProfile HealthMonitor L7Policy L7Rule "
        "Listener LoadBalancer Pool PoolMember Quota"
    ),
    "OS::Sahara": "Cluster ClusterTemplate DataSource ImageRegistry Job JobBinary NodeGroupTemplate",
    "OS::Senlin": "Cluster Node Policy Profile Receiver",
    "OS::Swift": "Container",
    "OS::Trove": "Cluster Instance",
    "OS::Vitrage": "Template",
    "OS::Zaqar": "MistralTrigger Queue SignedQueueURL Subscription",
    "OS::Zun": "Container",
}

# Names in old templates, which a stock Heat maps to those of today (etc/heat/environment.d/default.yaml).
_RENAMED = {
    "OS::Ceilometer::Alarm": "OS::Aodh::Alarm",
    "OS::Ceilometer::CombinationAlarm": "OS::Aodh::CombinationAlarm",
    "OS::Ceilometer::GnocchiAggregationByMetricsAlarm": "OS::Aodh::GnocchiAggregationByMetricsAlarm",
    "OS::Ceilometer::GnocchiAggregationByResourcesAlarm": "OS::Aodh::GnocchiAggregationByResourcesAlarm",
    "OS::Ceilometer::GnocchiResourcesAlarm": "OS::Aodh::GnocchiResourcesAlarm",
    "OS::Metering::Alarm": "OS::Aodh::Alarm",
}
_RENAMED_SERVICES = {"OS::Quantum": "OS::Neutron"}

BUILT_IN = frozenset(f"{service}::{name}" for service, names in _NAMES.items() for name in names.split())


def built_in(name: str) -> str | None:
    """The type that Heat includes under a name, which may be an old one; None if there is none."""
    current = _RENAMED.get(name, name)
    for before, now in _RENAMED_SERVICES.items():
        if name.startswith(before):
            current = now + name.removeprefix(before)
    return current if current in BUILT_IN else None
